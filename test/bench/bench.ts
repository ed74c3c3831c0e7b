import { readdir, writeFile } from "node:fs/promises";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { parseArgs } from "node:util";
import { isBuilt } from "../../deploy/build.mjs";
import { openBed, type Bed } from "./bed.ts";
import { fsyncsPerSecond } from "./disk.ts";
import type { Figure } from "./figure.ts";
import { judge, printReport, type Report, type ReportedFigure } from "./report.ts";

/** `npm run bench -- [--only ID,…] [--json FILE]`: measures; whether goals are met is in the report, not in the exit code. */
const { values: options } = parseArgs({ options: { only: { type: "string" }, json: { type: "string" } } });
const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function figures(): Promise<Figure[]> {
  const folder = new URL("figures/", import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith(".ts")).sort();
  const found = await Promise.all(files.map(async (name) => figureOf(new URL(name, folder))));
  const wanted = options.only?.split(",");
  const unknown = wanted?.filter((id) => !found.some((figure) => figure.id === id)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`no figure ${unknown.join(", ")}; there are ${found.map(({ id }) => id).join(", ")}`);
  }
  return found.filter(({ id }) => wanted?.includes(id) ?? true);
}

async function figureOf(file: URL): Promise<Figure> {
  const exported = Object.values((await import(file.href)) as Record<string, unknown>);
  const figure = exported.find(isFigure);
  if (figure === undefined) throw new Error(`${file.pathname} exports no figure`);
  return figure;
}

const isFigure = (value: unknown): value is Figure =>
  typeof value === "object" && value !== null && "id" in value && "goal" in value && "measure" in value;

async function describeMachine(bed: Bed): Promise<Report["machine"]> {
  return {
    system: `${type()} ${release()}`,
    node: process.versions.node,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    "memory GB": Math.round(totalmem() / 1e9),
    "load before": Math.round((loadavg()[0] ?? 0) * 10) / 10,
    "fsync/s": await fsyncsPerSecond(bed.folder),
  };
}

/** A figure that cannot be measured must not keep the others from being. */
async function measured(bed: Bed, figure: Figure): Promise<ReportedFigure[]> {
  say(`measuring ${figure.id}`);
  try {
    return [judge(figure, await figure.measure(bed))];
  } catch (error) {
    say(
      `✗ ${figure.id} could not be measured: ${error instanceof Error ? (error.stack ?? "") : String(error)}`,
    );
    process.exitCode = 1;
    return [];
  }
}

async function bench(): Promise<void> {
  const chosen = await figures();
  if (!isBuilt()) say("WARNING  the production build is older than the sources; npm run build makes it anew");
  await using bed = await openBed(say);
  const report: Report = { machine: await describeMachine(bed), figures: [] };
  for (const figure of chosen) report.figures.push(...(await measured(bed, figure)));
  process.stdout.write(printReport(report));
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
}

await bench();
