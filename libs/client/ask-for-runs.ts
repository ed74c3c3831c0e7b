import { Problem } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { shortType } from "@jackfield/spec/event/type";
import { exit } from "./exit.ts";
import { endOfStory, followStory, type Ending } from "./follow.ts";
import { readRun, type RunTree } from "./lookup.ts";
import { postEvent, type Accepted } from "./post.ts";
import { report } from "./report.ts";
import type { Server } from "./server.ts";
import type { Call } from "./verb.ts";
import { many, metricsInShort, table } from "./words.ts";

export interface Asking {
  /** That nothing reacts is fine. */
  optional?: boolean;
  /** Told when events were accepted. */
  onAccepted?: (accepted: readonly Accepted[]) => void;
}

/** Posts events of one story, follows the runs that they cause, and reports; answers with the exit code. */
export async function askForRuns(
  call: Call,
  server: Server,
  events: readonly CloudEvent[],
  { optional = false, onAccepted }: Asking = {},
): Promise<number> {
  const answers: Accepted[] = [];
  for (const event of events) answers.push(await postEvent(server, event));
  onAccepted?.(answers);
  const runs = runsOf(answers);
  const [root] = events;
  const [first] = answers;
  if (root === undefined || first === undefined) return exit.pass;
  if (runs?.length === 0) return nothingReacted(call, { root, answers, optional });
  if (call.flags.on("no-wait")) {
    call.out.show(answers, () => runs?.join("\n") ?? "accepted; the conductor has not read it yet");
    call.out.next(`jackfield show ${runs?.[0] ?? "@last"} --wait`);
    return exit.pass;
  }
  const correlationid = root.correlationid ?? root.id;
  const ending = await followStory(call, server, {
    correlationid,
    from: first.position,
    root,
    ...(runs !== undefined && { runs }),
  });
  await tellRuns(call, server, ending);
  return endOfStory(call, ending, runs ?? []);
}

/** Undefined when the conductor was silent about one of them: it will read them all the same. */
function runsOf(answers: readonly Accepted[]): string[] | undefined {
  if (answers.some(({ listeners }) => listeners === undefined)) return undefined;
  return answers.flatMap(({ listeners = [] }) => listeners.map(({ run }) => run));
}

interface Nothing {
  root: CloudEvent;
  answers: readonly Accepted[];
  optional: boolean;
}

function nothingReacted({ out }: Call, { root, answers, optional }: Nothing): number {
  const refused = answers.flatMap((answer) => answer.refused ?? []);
  if (optional) {
    out.show(answers, () => `nothing reacted to ${shortType(root.type)}; it is kept`);
    return exit.pass;
  }
  throw new Problem("E_NO_LISTENER", `Nothing reacted to ${shortType(root.type)}`, {
    why:
      refused.length === 0
        ? "no workflow listens to this type here; the event is kept"
        : refused.map(({ trigger, clause }) => `${trigger}: ${clause}`).join("\n"),
    next:
      shortType(root.type) === "run.requested"
        ? "what a subproject holds: jackfield show PROJECT/SUBPROJECT --resolved"
        : "add it to `on:` in the project file, or say that it is no failure: --optional",
  });
}

async function tellRuns({ out }: Call, server: Server, { runs }: Ending): Promise<void> {
  const trees: RunTree[] = [];
  for (const { run, position } of runs) trees.push(await readRun(server, run, { after: position }));
  const [only] = trees;
  if (only === undefined) return;
  if (trees.length === 1) {
    out.say("");
    out.show(only, () => report(only, out.paint));
  } else {
    out.show(trees, () => summary(trees));
  }
  const worst = trees.find(({ run }) => run.state !== "pass" && run.state !== "warning");
  if (worst !== undefined) out.next(`jackfield why ${worst.run.runname}`);
}

/** Many runs: a line each. */
function summary(trees: readonly RunTree[]): string {
  const rows = trees.map(({ run }) => [run.runname, run.state, metricsInShort(run.metrics)]);
  const passed = trees.filter(({ run }) => run.state === "pass").length;
  return `${table(["run", "outcome", "metrics"], rows)}\n${passed} of ${many(trees.length, "run")} passed`;
}
