import type { Dirent } from "node:fs";
import { lstat, open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "@jackfield/problem/problem";
import { errorFile, type ErrorFile } from "./outcome-of.ts";
import { allFiles } from "./tree-files.ts";

const smallFileLimit = 1024 * 1024;
export const summaryLimitBytes = 64 * 1024;

/** What a command left in `out/`, checked as far as a file can be checked without a table engine. */
export interface CommandOutputs {
  /** A file or a folder. */
  model?: { path: string; name: string; folder: boolean };
  predictions: { csv?: string; parquet?: string };
  /** Flat numbers. */
  metrics: Record<string, number>;
  /** `output.json`: the capability's typed output, not yet checked against its contract. */
  output?: Record<string, unknown>;
  /** Markdown, cut to 64 KiB. */
  summary?: string;
  /** Everything else, by the path below `out/`. */
  files: { name: string; path: string }[];
  /** Names at the top of `out/`, for messages. */
  found: string[];
}

const known = ["metrics.json", "output.json", "summary.md", "error.json"];
const tables = { csv: "predictions.csv", parquet: "predictions.parquet" } as const;

/** Reads `out/`. @throws E_BAD_OUTPUT naming the file, what was found and what was expected. */
export async function readOutputs(out: string): Promise<CommandOutputs> {
  const entries = await readdir(out, { withFileTypes: true });
  const found = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
  const odd = entries.find((entry) => !entry.isFile() && !entry.isDirectory());
  if (odd !== undefined) {
    throw bad(
      odd.name,
      "it is neither a file nor a folder.",
      "Copy the content there instead of a link to it.",
    );
  }
  const model = modelAmong(entries, out);
  const files = entries.filter(
    ({ name }) =>
      !known.includes(name) && name !== model?.name && !Object.values<string>(tables).includes(name),
  );
  const output = await readJson(out, "output.json");
  const summary = await readSummary(out);
  return {
    ...(model !== undefined && { model }),
    predictions: {
      ...(found.includes(tables.csv) && { csv: join(out, tables.csv) }),
      ...(found.includes(tables.parquet) && { parquet: join(out, tables.parquet) }),
    },
    metrics: flatNumbers(await readJson(out, "metrics.json")),
    ...(output !== undefined && { output }),
    ...(summary !== undefined && { summary }),
    files: (await Promise.all(files.map((entry) => filesOf(out, entry)))).flat(),
    found,
  };
}

/** What the command says about its failure; a file that cannot be read says nothing, the exit code still does. */
export async function readErrorFile(out: string): Promise<ErrorFile | undefined> {
  const content = await readJson(out, "error.json").catch(() => undefined);
  const parsed = errorFile.safeParse(content);
  return parsed.success ? parsed.data : undefined;
}

/** The model that a trainer must leave. @throws E_NO_MODEL */
export function requireModel(outputs: CommandOutputs): NonNullable<CommandOutputs["model"]> {
  if (outputs.model !== undefined) return outputs.model;
  throw missing(outputs, "E_NO_MODEL", "no model", "out/model (a file or a folder) or one file out/model.*");
}

/** The predictions that a trainer must leave. @throws E_NO_PREDICTIONS */
export function requirePredictions(outputs: CommandOutputs): CommandOutputs["predictions"] {
  const { csv, parquet } = outputs.predictions;
  if (csv !== undefined || parquet !== undefined) return outputs.predictions;
  throw missing(
    outputs,
    "E_NO_PREDICTIONS",
    "no predictions",
    "out/predictions.csv or out/predictions.parquet with __row_id, prediction and, if it has them, p_<class> or q_<share>",
  );
}

function missing(
  { found }: CommandOutputs,
  code: "E_NO_MODEL" | "E_NO_PREDICTIONS",
  what: string,
  expected: string,
): Problem {
  return new Problem(code, `The command ended well but left ${what}.`, {
    why: `Found in out/: ${found.length === 0 ? "nothing" : found.slice(0, 20).join(", ")}. Expected: ${expected}.`,
    next: "Write it to the folder in JACKFIELD_OUT.",
  });
}

function modelAmong(entries: readonly Dirent[], out: string): CommandOutputs["model"] {
  const candidates = entries.filter(({ name }) => name === "model" || name.startsWith("model."));
  const exact = candidates.find(({ name }) => name === "model");
  const [chosen = exact, ...others] = exact === undefined ? candidates : [exact];
  if (others.length > 0) {
    const names = candidates.map(({ name }) => name).join(", ");
    throw bad(
      "model",
      `several files could be it: ${names}.`,
      "Keep one, or put them all into a folder out/model.",
    );
  }
  if (chosen === undefined) return undefined;
  return { path: join(out, chosen.name), name: chosen.name, folder: chosen.isDirectory() };
}

async function filesOf(out: string, entry: Dirent): Promise<CommandOutputs["files"]> {
  const path = join(out, entry.name);
  if (!entry.isDirectory()) return [{ name: entry.name, path }];
  const below: CommandOutputs["files"] = [];
  for (const file of await allFiles(path)) {
    const place = join(path, file.path);
    if ((await lstat(place)).isFile()) below.push({ name: `${entry.name}/${file.path}`, path: place });
  }
  return below;
}

async function readJson(out: string, name: string): Promise<Record<string, unknown> | undefined> {
  const text = await readText(out, name);
  if (text === undefined) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const next = /\b(NaN|-?Infinity)\b/.test(text)
      ? "JSON has no NaN and no Infinity; leave such numbers out."
      : undefined;
    throw bad(name, `it is no JSON: ${reason}.`, next);
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw bad(name, `it should be an object, not ${shown(content)}.`);
  }
  return { ...content };
}

async function readText(out: string, name: string): Promise<string | undefined> {
  const path = join(out, name);
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isFile()) throw bad(name, "it is no file.");
  if (found.size > smallFileLimit)
    throw bad(name, `it has ${found.size} bytes; at most ${smallFileLimit} are read.`);
  return readFile(path, "utf8");
}

async function readSummary(out: string): Promise<string | undefined> {
  const file = await open(join(out, "summary.md"), "r").catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(summaryLimitBytes), 0, summaryLimitBytes, 0);
    return buffer.subarray(0, bytesRead).toString("utf8");
  } finally {
    await file.close();
  }
}

function flatNumbers(content: Record<string, unknown> = {}): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const [name, value] of Object.entries(content)) {
    if (typeof value !== "number") {
      throw bad(
        "metrics.json",
        `"${name}" should be a number, not ${shown(value)}.`,
        'Flat numbers: {"loss": 0.31}',
      );
    }
    metrics[name] = value;
  }
  return metrics;
}

const shown = (value: unknown): string => JSON.stringify(value).slice(0, 60);

const bad = (name: string, why: string, next?: string): Problem =>
  new Problem("E_BAD_OUTPUT", `The command left an out/${name} that cannot be used: ${why}`, {
    here: `out/${name}`,
    ...(next !== undefined && { next }),
  });
