import { runFinished } from "@jackfield/spec/facts/run";
import type { Outcome } from "@jackfield/spec/event/outcome";
import { endOfStory } from "./follow.ts";
import { followEvents } from "./event-stream.ts";
import { exit, exitOfOutcome } from "./exit.ts";
import { readRun, taskOf, type RunTree, type TaskRow } from "./lookup.ts";
import { report } from "./report.ts";
import type { Server } from "./server.ts";
import type { Call } from "./verb.ts";
import { clock, columns, duration, handlerWords, seconds, shortDigest, table } from "./words.ts";

export const isOpen = ({ run }: RunTree): boolean => run.state === "running" || run.state === "paused";

/** A run with its tasks; the exit code is its verdict, or 8 while it has none. */
export async function showRun(call: Call, server: Server, found: RunTree): Promise<number> {
  const tree = call.flags.on("wait") && isOpen(found) ? await wait(call, server, found) : found;
  if (typeof tree === "number") return tree;
  const { out, flags } = call;
  out.show(tree, () =>
    [isOpen(tree) ? openHead(tree) : report(tree, out.paint), taskTable(tree)].join("\n\n"),
  );
  const { state, runname } = tree.run;
  if (state === "running" || state === "paused") {
    out.next(state === "paused" ? `jackfield resume ${runname}` : `jackfield show ${runname} --wait`);
    return exit.notFinished;
  }
  if (state !== "pass") out.next(`jackfield why ${runname}`);
  return exitOfOutcome(state, { strict: flags.on("strict") });
}

const openHead = ({ run }: RunTree): string =>
  columns([run.runname, run.state.toUpperCase(), `since ${clock(run.startedAt)}`]);

/** Waits for the end of a run; a number when waiting ended first. */
async function wait(call: Call, server: Server, { run }: RunTree): Promise<RunTree | number> {
  const limit = duration(call.flags.text("timeout") ?? "24h") ?? 86_400_000;
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(limit)]);
  const filter = `run.finished run=${run.run}`;
  for await (const told of followEvents(server, { project: run.project, filter, from: "start" }, signal)) {
    if (!("event" in told) || told.event.event.type !== runFinished.type) continue;
    return readRun(server, run.run, { project: run.project, after: told.event.position });
  }
  const stopped = call.signal.aborted ? "interrupted" : "waited";
  return endOfStory(call, { runs: [], refused: [], left: [run.runname], stopped });
}

const took = ({ startedAt, finishedAt }: TaskRow["attempts"][number]): string =>
  startedAt === undefined || finishedAt === undefined
    ? ""
    : seconds((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);

function taskTable({ tasks }: RunTree): string {
  const rows = tasks.map((task) => {
    const last = task.attempts.at(-1);
    return [
      task.step,
      task.state,
      last === undefined ? "" : handlerWords(last.handler, last.handlerversion),
      task.cached ? "cached" : last === undefined ? "" : took(last),
      task.attempts.length > 1 ? `attempt ${task.attempts.length}` : "",
      last?.message?.split("\n")[0] ?? last?.problem?.what.split("\n")[0] ?? progressWords(task),
    ];
  });
  return table(["step", "state", "handler", "took", "", ""], rows).replaceAll(/^/gm, "  ");
}

const progressWords = ({ attempts }: TaskRow): string => attempts.at(-1)?.progress?.message ?? "";

/** One task: attempts, and what went in and came out. */
export function showTask({ out }: Call, tree: RunTree, step: string): number {
  const task = taskOf(tree, step);
  out.show(task, () =>
    [
      columns([
        `${tree.run.runname}/${task.step}`,
        task.state.toUpperCase(),
        task.cached ? `cached, from ${task.producedby ?? "?"}` : undefined,
      ]),
      ...task.attempts.map(attemptLines),
      ...section("in", task.inputs),
      ...section("out", task.outputs),
      ...(task.logs.length > 0 ? [`  logs   jackfield logs ${tree.run.runname}/${task.step}`] : []),
    ].join("\n"),
  );
  const finished = ["triggered", "started"].includes(task.state) ? undefined : (task.state as Outcome);
  return finished === undefined ? exit.notFinished : exitOfOutcome(finished);
}

function attemptLines(attempt: TaskRow["attempts"][number]): string {
  const { attempt: count, handler, handlerversion, role, status, result, problem, message } = attempt;
  const head = columns([
    `  attempt ${count}`,
    `${handlerWords(handler, handlerversion)}${role === "shadow" ? " (shadow)" : ""}`,
    `triggered ${clock(attempt.triggeredAt)}`,
    took(attempt),
    status === "succeeded" ? (result ?? "pass") : status,
    message,
  ]);
  if (problem === undefined) return head;
  const more = [problem.why, problem.here, problem.next].filter((text) => text !== undefined);
  return [
    head,
    `    ${problem.code}  ${problem.what}`,
    ...more.map((text) => `      ${text.replaceAll("\n", "\n      ")}`),
  ].join("\n");
}

function section(name: string, values: Record<string, unknown> | undefined): string[] {
  const entries = Object.entries(values ?? {});
  return entries.map(
    ([key, value], index) => `  ${(index === 0 ? name : "").padEnd(5)}  ${key.padEnd(12)} ${brief(value)}`,
  );
}

/** Tables and files by their name and size, the rest as JSON in one line. */
function brief(value: unknown): string {
  if (typeof value === "object" && value !== null && "digest" in value && "size" in value) {
    const rows = "rows" in value ? `${String(value.rows)} rows, ` : "";
    return `${rows}${String(value.size)} bytes, ${shortDigest(String(value.digest))}`;
  }
  const text = JSON.stringify(value, (key, inner: unknown) => (key === "columns" ? undefined : inner));
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
