import { nearestNames } from "@jackfield/problem/nearest";
import { Problem, problemFrom } from "@jackfield/problem/problem";
import { readers, rebuildReport, type RebuildReport } from "@jackfield/spec/ask/reader";
import { confirmWord } from "./confirm.ts";
import { exit } from "./exit.ts";
import type { Server } from "./server.ts";
import type { Call } from "./verb.ts";
import { table } from "./words.ts";

/** Makes the state of readers anew from the log: compares with `--check`, else replaces one after a typed confirmation. */
export async function adminRebuild(call: Call, names: readonly string[]): Promise<number> {
  const chosen = names.length === 0 ? [...readers] : names.map(readerCalled);
  const replace = !call.flags.on("check");
  const [only = ""] = chosen;
  if (replace && (names.length !== 1 || chosen.length !== 1))
    throw new Problem("E_USAGE", "One state is replaced at a time", {
      next: "jackfield admin rebuild --check compares all of them",
    });
  if (replace) await confirmWord(call, { word: only, what: `replace the state of ${only} by one made anew` });
  const server = await call.server();
  const reports: RebuildReport[] = [];
  for (const reader of chosen) reports.push(await rebuild(call, server, { reader, replace }));
  call.out.show(reports, () => reports.map(inWords).join("\n"));
  const other = reports.find(({ same }) => same !== true);
  if (other !== undefined && !replace) call.out.next(`jackfield admin rebuild ${other.reader}`);
  return other === undefined || replace ? exit.pass : exit.fail;
}

function readerCalled(name: string): string {
  if (readers.some((reader) => reader === name)) return name;
  const [near] = nearestNames(name, readers, 1);
  throw new Problem("E_USAGE", `${name} keeps no state that is made from the log`, {
    why: `there are ${readers.join(", ")}`,
    ...(near !== undefined && { next: `did you mean ${near}?` }),
  });
}

async function rebuild(
  { out, signal }: Call,
  server: Server,
  { reader, replace }: { reader: string; replace: boolean },
): Promise<RebuildReport> {
  const ask = (body: object): Promise<RebuildReport> =>
    server.post(rebuildReport, `/v1/rebuild/${reader}`, { body });
  let report = await ask({ replace });
  while (report.state === "running") {
    signal.throwIfAborted();
    out.say(`${reader}: ${report.events} events folded`);
    report = await ask({ job: report.job });
  }
  if (report.problem !== undefined) throw problemFrom(report.problem);
  return report;
}

function inWords(report: RebuildReport): string {
  const { reader, replace, same, position, events, seconds, live, rebuilt } = report;
  const at = position === undefined ? "nothing was read yet" : `at ${position}`;
  const verdict = same === true ? "equal" : "DIFFERENT";
  const head = `${reader}  ${verdict}  ${rebuilt?.hash ?? ""}  ${at}  ${events} events in ${seconds.toFixed(1)} s`;
  if (same === true) return replace ? `${head}; replaced` : head;
  const rows = Object.entries(live?.tables ?? {}).flatMap(([name, before]) => {
    const after = rebuilt?.tables[name];
    if (after?.hash === before.hash) return [];
    return [[name, String(before.rows), String(after?.rows ?? 0)]];
  });
  return [replace ? `${head}; replaced` : head, table(["table", "rows live", "rows made anew"], rows)].join(
    "\n",
  );
}
