import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { exit } from "../exit.ts";
import { eventLine, since } from "../event-line.ts";
import { followEvents } from "../event-stream.ts";
import { LiveLogs, pollMs } from "../live-logs.ts";
import { LogPrinter } from "../log-printer.ts";
import { findRun, readRun, taskOf, type RunTree, type TaskRow } from "../lookup.ts";
import { ownSource } from "../post.ts";
import type { Server } from "../server.ts";
import { withTicks } from "../ticks.ts";
import { download } from "../upload.ts";
import type { LoggedEvent } from "../told.ts";
import type { Call, Verb } from "../verb.ts";

export const verb: Verb = {
  name: "logs",
  group: "see",
  takes: "REF",
  does: "stdout and stderr of a task, or of every task of a run",
  flags: {
    follow: { says: "go on with tasks at work: what they write, as they write it", short: "f" },
    failed: { says: "only of tasks that did not pass" },
  },
  run: async (call) => {
    const [ref = "@last"] = call.refs;
    const server = await call.server();
    const { tree, step } = await findRun(call, server, ref);
    const tasks = wanted(call, tree, step);
    const more = step === undefined && isOpen(tree);
    const several = more || tasks.length > 1 || tasks.some(({ logs }) => logs.length > 1);
    const printer = new LogPrinter(call.out, { several });
    const live = new LiveLogs({ server, project: tree.run.project, printer, signal: call.signal });
    const telling = { call, server, step, printer, live, shown: new Set<string>() };
    await printKept(telling, tree);
    await printUnkept(telling, tree);
    if (call.flags.on("follow") && isOpen(tree)) await follow(telling, tree);
    printer.end();
    if (call.signal.aborted) return exit.interrupted;
    if (printer.printed) return exit.pass;
    call.out.say(
      isOpen(tree)
        ? `no logs so far: nothing was written to stdout or stderr (jackfield logs ${ref} --follow waits)`
        : "no logs: nothing was written to stdout or stderr",
    );
    return exit.pass;
  },
};

interface Telling {
  call: Call;
  server: Server;
  step: string | undefined;
  printer: LogPrinter;
  live: LiveLogs;
  /** Kept logs that were printed. */
  shown: Set<string>;
}

const isOpen = ({ run }: RunTree): boolean => run.state === "running" || run.state === "paused";

function wanted({ flags }: Call, tree: RunTree, step: string | undefined): TaskRow[] {
  const tasks = step === undefined ? tree.tasks : [taskOf(tree, step)];
  const good = ["triggered", "started", "pass", "warning"];
  return flags.on("failed") ? tasks.filter(({ state }) => !good.includes(state)) : tasks;
}

/** The attempt that speaks for its task; the logs of a task are its. */
const speakerOf = ({ attempts }: TaskRow): TaskRow["attempts"][number] | undefined =>
  attempts.findLast(({ role }) => role === "primary");

/** Prints each log that is an artifact once, without what was seen of it while it was written. */
async function printKept(
  { call, server, step, printer, live, shown }: Telling,
  tree: RunTree,
): Promise<void> {
  const { project } = tree.run;
  for (const row of wanted(call, tree, step)) {
    const { task, logs } = row;
    if (logs.length === 0) continue;
    const { attempt = 0 } = speakerOf(row) ?? {};
    for (const { digest, name = "log" } of logs) {
      if (shown.has(`${task} ${name} ${digest}`)) continue;
      shown.add(`${task} ${name} ${digest}`);
      const bytes = await download(server, digest, { project });
      const seen = live.printed({ task, attempt }, name);
      printer.print({ task, step: row.step, name }, bytes.subarray(seen));
    }
    live.leave({ task, attempt });
  }
}

/** Prints what tasks without kept logs have written: they are at work, or were ended before they could answer. */
async function printUnkept({ call, step, live }: Telling, tree: RunTree): Promise<void> {
  for (const row of wanted(call, tree, step)) {
    const speaker = speakerOf(row);
    if (speaker?.startedAt !== undefined) live.follow({ task: row.task, ...speaker });
    // What is over before the events are read is not told again by them.
    for (const { attempt } of row.attempts)
      if (attempt !== speaker?.attempt) live.leave({ task: row.task, attempt });
  }
  await live.print();
}

async function follow(telling: Telling, tree: RunTree): Promise<void> {
  const { call, server, live } = telling;
  const { run } = tree;
  const query = { project: run.project, filter: `run=${run.run}`, from: "start" };
  using enough = abortable();
  const events = followEvents(server, query, AbortSignal.any([call.signal, enough.signal]));
  for await (const told of withTicks(events, pollMs)) {
    if (told === undefined) await live.print();
    if (told === undefined || !("event" in told)) continue;
    const { event, position } = told.event;
    const mine = telling.step === undefined || event.subject === `${run.run}/${telling.step}`;
    if (mine) tellOf(telling, tree, told.event);
    if (!/\.finished\./.test(event.type)) continue;
    const now = await readRun(server, run.run, { project: run.project, after: position });
    await printKept(telling, now);
    const { subject: task, attempt } = event;
    if (task !== undefined && attempt !== undefined) await live.finish({ task, attempt });
    if (!isOpen(now) || (telling.step !== undefined && mine)) return;
  }
}

/** Ends what reads on when nobody listens any more. */
function abortable(): { signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  return { signal: controller.signal, [Symbol.dispose]: () => controller.abort() };
}

function tellOf({ call, live }: Telling, { run }: RunTree, { event, at }: LoggedEvent): void {
  if (/\.progressed\./.test(event.type)) {
    const when = since(Date.parse(run.startedAt), at);
    call.out.say(eventLine({ event, when, own: ownSource, runs: false }, call.out));
  }
  const begun = attemptIn(event);
  if (begun !== undefined && !call.flags.on("failed")) live.follow(begun);
}

function attemptIn({ type, subject: task, handler, attempt, role }: CloudEvent) {
  if (!/\.started\./.test(type) || role === "shadow") return undefined;
  if (task === undefined || handler === undefined || attempt === undefined) return undefined;
  return { task, handler, attempt };
}
