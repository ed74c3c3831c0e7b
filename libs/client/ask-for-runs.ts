import type { z } from "zod";
import { nearestNames } from "@jackfield/problem/nearest";
import { Problem } from "@jackfield/problem/problem";
import { projectList } from "@jackfield/spec/ask/projects";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { shortType } from "@jackfield/spec/event/type";
import { exit } from "./exit.ts";
import { endOfStory, followStory, type Ending } from "./follow.ts";
import { readRun, type RunTree } from "./lookup.ts";
import { openRuns } from "./open-runs.ts";
import { patiently } from "./patience.ts";
import { postEvent, type Accepted } from "./post.ts";
import { report } from "./report.ts";
import type { Server } from "./server.ts";
import type { Call } from "./verb.ts";
import { whyNot } from "./why-not.ts";
import { many, metricsInShort, table } from "./words.ts";

export interface Asking {
  /** Not only the runs that the events start: all of their story, also what those lead to. */
  wholeStory?: boolean;
  /** That nothing reacts is fine. */
  optional?: boolean;
  /** Told when events were accepted. */
  onAccepted?: (accepted: readonly Accepted[]) => void;
  /** Told how it ended, before that is printed. */
  onEnding?: (trees: readonly RunTree[], ending: Ending) => void;
}

/** Posts events of one story, follows the runs that they cause, and reports; answers with the exit code. */
export async function askForRuns(
  call: Call,
  server: Server,
  events: readonly CloudEvent[],
  asking: Asking = {},
): Promise<number> {
  const answers: Accepted[] = [];
  for (const event of events) answers.push(await postEvent(server, event));
  asking.onAccepted?.(answers);
  const runs = runsOf(answers);
  const [root] = events;
  const [first] = answers;
  if (root === undefined || first === undefined) return exit.pass;
  const correlationid = root.correlationid ?? root.id;
  const nobody = { root, answers, optional: asking.optional ?? false };
  // Who listens was said by a conductor that may not have read yet what was applied a moment ago.
  const place = { correlationid, signal: AbortSignal.any([call.signal, AbortSignal.timeout(surelyMs)]) };
  if (runs?.length === 0 && (await openRuns(server, first.position, place)).length === 0)
    return nothingReacted(call, server, nobody);
  if (call.flags.on("no-wait")) {
    call.out.show(answers, () => runs?.join("\n") ?? "accepted; the conductor has not read it yet");
    call.out.next(`jackfield show ${runs?.[0] ?? "@last"} --wait`);
    return exit.pass;
  }
  const ending = await followStory(call, server, {
    correlationid,
    from: first.position,
    root,
    ...(runs !== undefined && runs.length > 0 && asking.wholeStory !== true && { runs }),
  });
  const [refused] = ending.refused;
  if (ending.runs.length === 0 && ending.stopped === undefined)
    if (refused === undefined) return nothingReacted(call, server, nobody);
    else throw refused;
  const trees: RunTree[] = [];
  for (const { run, position } of ending.runs)
    trees.push(await patiently(() => readRun(server, run, { after: position }), call.signal));
  asking.onEnding?.(trees, ending);
  tellRuns(call, trees, ending);
  return endOfStory(call, ending);
}

/** That nothing reacted is said within two seconds, sure or not. */
const surelyMs = 1_000;

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

async function nothingReacted(
  { out }: Call,
  server: Server,
  { root, answers, optional }: Nothing,
): Promise<number> {
  const type = shortType(root.type);
  if (optional) {
    out.show(answers, () => `nothing reacted to ${type}; it is kept`);
    return exit.pass;
  }
  const refused = answers.flatMap((answer) => answer.refused ?? []);
  throw new Problem("E_NO_LISTENER", `Nothing reacted to ${type}`, {
    why: [whyNot(type, refused), ...(await meant(server, root))].join("\n"),
    next:
      type === "run.requested"
        ? "what a subproject holds: jackfield show PROJECT/SUBPROJECT --resolved"
        : "add it to `on:` in the project file, or say that it is no failure: --optional",
  });
}

/** When its project or subproject is unknown: the name that was perhaps meant. */
async function meant(server: Server, { project, subproject }: CloudEvent): Promise<string[]> {
  if (project === undefined) return ["say where it belongs: --project PROJECT/SUBPROJECT"];
  const { projects } = await server
    .get(projectList.answer, "/v1/projects")
    .catch((): z.output<typeof projectList.answer> => ({ projects: [] }));
  const found = projects.find((each) => each.project === project);
  if (found !== undefined && (subproject === undefined || found.subprojects.includes(subproject))) return [];
  const near =
    found === undefined
      ? nearestNames(
          project,
          projects.map((each) => each.project),
          1,
        )
      : nearestNames(subproject ?? "", found.subprojects, 1).map((name) => `${project}/${name}`);
  return near.map((name) => `did you mean ${name}?`);
}

function tellRuns({ out }: Call, trees: readonly RunTree[], { refused }: Ending): void {
  for (const { code, message } of refused) out.say(`refused: ${code}  ${message}`);
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
