import { exit } from "../exit.ts";
import { eventLine, since } from "../event-line.ts";
import { followEvents } from "../event-stream.ts";
import { findRun, readRun, taskOf, type RunTree, type TaskRow } from "../lookup.ts";
import { ownSource } from "../post.ts";
import type { Server } from "../server.ts";
import { download } from "../upload.ts";
import type { Call, Verb } from "../verb.ts";

export const verb: Verb = {
  name: "logs",
  group: "see",
  takes: "REF",
  does: "stdout and stderr of a task, or of every task of a run",
  flags: {
    follow: { says: "wait for tasks at work: their progress now, their logs when they end", short: "f" },
    failed: { says: "only of tasks that did not pass" },
  },
  run: async (call) => {
    const [ref = "@last"] = call.refs;
    const server = await call.server();
    const { tree, step } = await findRun(call, server, ref);
    const shown = new Set<string>();
    let count = await printNew(call, server, { tree, step, shown });
    if (call.flags.on("follow") && isOpen(tree)) count += await follow(call, server, { tree, step, shown });
    if (call.signal.aborted) return exit.interrupted;
    if (count > 0) return exit.pass;
    call.out.say(
      isOpen(tree)
        ? `no logs so far: they are kept when a task ends (jackfield logs ${ref} --follow waits)`
        : "no logs: nothing was written to stdout or stderr",
    );
    return exit.pass;
  },
};

const isOpen = ({ run }: RunTree): boolean => run.state === "running" || run.state === "paused";

function wanted({ flags }: Call, tree: RunTree, step: string | undefined): TaskRow[] {
  const tasks = step === undefined ? tree.tasks : [taskOf(tree, step)];
  const good = ["triggered", "started", "pass", "warning"];
  return flags.on("failed") ? tasks.filter(({ state }) => !good.includes(state)) : tasks;
}

/** Prints each log once, under its name when there are several. */
async function printNew(call: Call, server: Server, { tree, step, shown }: Following): Promise<number> {
  const tasks = wanted(call, tree, step);
  const { project } = tree.run;
  const fresh = tasks.flatMap((task) =>
    task.logs
      .filter(({ digest, name = "" }) => !shown.has(`${task.task} ${name} ${digest}`))
      .map((log) => ({ task, log })),
  );
  for (const { task, log } of fresh) {
    shown.add(`${task.task} ${log.name ?? ""} ${log.digest}`);
    if (log.size === 0) continue;
    if (tasks.length > 1 || fresh.length > 1)
      call.out.say(call.out.paint("dim", `── ${task.step} · ${log.name ?? "log"}`));
    const bytes = await download(server, log.digest, { project });
    if (call.out.json) {
      call.out.show({ task: task.task, name: log.name, text: new TextDecoder().decode(bytes) }, () => "");
    } else {
      call.out.raw(bytes);
      if (bytes.at(-1) !== 10) call.out.raw("\n");
    }
  }
  return fresh.length;
}

interface Following {
  tree: RunTree;
  step: string | undefined;
  shown: Set<string>;
}

async function follow(call: Call, server: Server, { tree, step, shown }: Following): Promise<number> {
  const { run } = tree;
  const query = { project: run.project, filter: `run=${run.run}`, from: "start" };
  let count = 0;
  for await (const told of followEvents(server, query, call.signal)) {
    if ("gap" in told) continue;
    const { event, at, position } = told.event;
    const mine = step === undefined || event.subject === `${run.run}/${step}`;
    if (mine && /\.progressed\./.test(event.type)) {
      const when = since(Date.parse(run.startedAt), at);
      call.out.say(eventLine({ event, when, own: ownSource, runs: false }, call.out));
    }
    if (!/\.finished\./.test(event.type)) continue;
    const now = await readRun(server, run.run, { project: run.project, after: position });
    count += await printNew(call, server, { tree: now, step, shown });
    if (!isOpen(now) || (step !== undefined && mine)) return count;
  }
  return count;
}
