import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findEnvironment } from "@jackfield/executor/found-environment";
import { asksForCsv } from "@jackfield/executor/placeholders";
import { runContract, type ContractEnd } from "@jackfield/executor/run-contract";
import { openWorkingFolder } from "@jackfield/executor/working-folder";
import { Problem } from "@jackfield/problem/problem";
import catalogue from "@jackfield/spec/catalogue.json" with { type: "json" };
import { descriptor } from "@jackfield/spec/event/artifact";
import { outcomeOf } from "@jackfield/spec/event/outcome";
import { changesBetween } from "../differences.ts";
import { exit } from "../exit.ts";
import { joinRows, type RowComparison } from "../flipped-rows.ts";
import { findRun, taskOf, type RunTree, type TaskRow } from "../lookup.ts";
import { readParquet } from "../parquet.ts";
import { at } from "../pick.ts";
import type { Server } from "../server.ts";
import { download } from "../upload.ts";
import type { Call } from "../verb.ts";
import { many } from "../words.ts";
import { layInputs, type LaidInputs } from "./inputs.ts";
import { keepOutputs } from "./outputs.ts";

/** What came out differently this time. */
interface Replayed {
  task: string;
  outcome: { recorded: string; now: string };
  differences: { path: string; recorded: unknown; now: unknown }[];
  rows?: RowComparison;
}

const finishSeconds = 3_600;

/** Feeds a recorded task to a command, effects off: nothing is uploaded or published. Exit 0 when the same came out, else 5. */
export async function replayTask(call: Call, capability: string, ref: string): Promise<number> {
  const server = await call.server();
  const { tree, step = capability } = await findRun(call, server, ref);
  const task = taskOf(tree, step);
  refuseOther(task, capability);
  const parent = await mkdtemp(join(tmpdir(), "jackfield-replay-"));
  try {
    const again = await runAgain(call, { server, tree, task, parent });
    const replayed = await compare(server, { tree, task, again });
    return tell(call, replayed);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

function refuseOther({ task, capability, inputs }: TaskRow, asked: string): void {
  if (capability !== asked)
    throw new Problem("E_USAGE", `${task} is a task for ${capability}, not for ${asked}`, {
      next: `jackfield handle ${capability} --replay ${task} -- COMMAND`,
    });
  if (inputs === undefined) throw new Problem("E_STATE", `Of ${task} no inputs are recorded`);
  if (catalogue.find(({ name }) => name === capability)?.effects === "external")
    throw new Problem("E_STATE", `${capability} has effects outside; a command cannot be kept from them`);
}

interface Replaying {
  server: Server;
  tree: RunTree;
  task: TaskRow;
  parent: string;
}

interface Again {
  end: ContractEnd;
  outputs: Record<string, unknown>;
  kept: ReadonlyMap<string, Uint8Array>;
}

async function runAgain(call: Call, { server, tree, task, parent }: Replaying): Promise<Again> {
  const folder = await openWorkingFolder(parent, "replay");
  const inputs = task.inputs ?? {};
  const laid = await layInputs(inputs, {
    folder,
    fetch: (digest) => download(server, digest, { project: tree.run.project }),
    csv: (name) => asksForCsv(call.rest, name),
  });
  const end = await runContract({
    argv: call.rest,
    folder,
    logs: join(parent, "logs"),
    start: call.folder,
    environment: await findEnvironment(call.folder),
    basePath: call.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    signal: call.signal,
    limits: { seconds: finishSeconds },
    input: laid.input,
    task: contractTask(tree, task, laid),
  });
  if (end.problem !== undefined) call.out.say(`  ${end.problem.code}  ${end.problem.message}`);
  const kept = new Map<string, Uint8Array>();
  const about = { capability: task.capability, inputs, testIds: laid.testIds };
  const outputs = await keepOutputs(end, about, { server: shelf(kept), reader: { token: "" } });
  return { end, outputs, kept };
}

const contractTask = ({ run }: RunTree, { capability, step, inputs = {} }: TaskRow, laid: LaidInputs) => ({
  capability,
  task: `${run.runname}/${step}`,
  run: run.runname,
  project: run.project,
  subproject: run.subproject ?? run.project,
  attempt: 1,
  role: "shadow" as const,
  seed: numberIn(inputs["seed"]),
  params: typeof inputs["params"] === "object" && inputs["params"] !== null ? { ...inputs["params"] } : {},
  inputs: laid.files,
  ...(typeof inputs["target"] === "string" && { target: inputs["target"] }),
});

const numberIn = (value: unknown): number => (typeof value === "number" ? value : 0);

/** A server that keeps what is uploaded to itself, so that outputs get the same words as in the record. */
function shelf(kept: Map<string, Uint8Array>): Server {
  const never = (): never => {
    throw new Problem("E_BROKEN", "A replay asks no server");
  };
  return {
    address: { url: "", from: "replay" },
    get: never,
    post: never,
    ask: async (path, { method, body } = {}) => {
      if (method !== "PUT") throw new Problem("E_NOT_FOUND", "A replay begins with nothing");
      if (body instanceof Uint8Array) kept.set(decodeURIComponent(path.split("/").at(-1) ?? ""), body);
      else if (body instanceof ReadableStream) await body.cancel();
      return new Response();
    },
  };
}

async function compare(
  server: Server,
  { tree, task, again }: { tree: RunTree; task: TaskRow; again: Again },
): Promise<Replayed> {
  const rows = await compareRows(server, { tree, task, again });
  return {
    task: `${tree.run.runname}/${task.step}`,
    outcome: { recorded: task.state, now: outcomeOf(again.end.status, again.end.result) },
    differences: changesBetween(comparable(task.outputs), comparable(again.outputs)).map(
      ({ path, from, to }) => ({
        path: path.join("."),
        recorded: from,
        now: to,
      }),
    ),
    ...(rows !== undefined && { rows }),
  };
}

/** Another machine is another environment, and that is no difference in what came out. */
function comparable(outputs: Record<string, unknown> = {}): Record<string, unknown> {
  const { environment: _environment, ...rest } = outputs;
  return rest;
}

async function compareRows(
  server: Server,
  { tree, task, again }: { tree: RunTree; task: TaskRow; again: Again },
): Promise<RowComparison | undefined> {
  const [before, after] = [task.outputs, again.outputs].map(
    (outputs) => descriptor.safeParse(at(outputs, ["predictions"])).data,
  );
  const bytes = again.kept.get(after?.digest ?? "");
  if (before === undefined || bytes === undefined || before.digest === after?.digest) return undefined;
  const recorded = await download(server, before.digest, { project: tree.run.project });
  return joinRows(await readParquet(recorded), await readParquet(bytes));
}

function tell({ out }: Call, replayed: Replayed): number {
  const { outcome, differences, rows } = replayed;
  const same = outcome.recorded === outcome.now && differences.length === 0;
  out.show({ ...replayed, same }, () =>
    [
      `${replayed.task}   ${same ? "the same came out" : "something else came out"}`,
      ...(outcome.recorded === outcome.now ? [] : [`  outcome   ${outcome.recorded} → ${outcome.now}`]),
      ...differences.map(({ path, recorded, now }) => `  ${path}   ${word(recorded)} → ${word(now)}`),
      ...(rows === undefined ? [] : [rowWords(rows)]),
    ].join("\n"),
  );
  return same ? exit.pass : exit.fail;
}

const rowWords = ({ common, flipped, onlyOne }: RowComparison): string =>
  `  ${many(flipped.length, "row")} of ${common} predicted otherwise${onlyOne === 0 ? "" : `, ${onlyOne} on one side only`}`;

const word = (value: unknown): string =>
  value === undefined ? "nothing" : typeof value === "string" ? value : JSON.stringify(value);
