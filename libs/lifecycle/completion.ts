import type { Outcome } from "@jackfield/spec/event/outcome";
import { worstOf } from "@jackfield/spec/event/outcome";
import type { Completion } from "@jackfield/spec/project/workflow";
import { comparePositions, type Position } from "@jackfield/spec/event/position";

/** The end of a task that several handlers were asked for: its outcome, and whose outputs go on. */
export interface Completed<One> {
  outcome: Outcome;
  speaker: One;
}

/** One of those that were asked, who has answered, or has not; who was skipped was spared the work. */
export interface Answered {
  status: "done";
  handler: string;
  outcome: Outcome;
  position: Position;
}
interface Unanswered {
  status: "ready" | "triggered" | "started" | "skipped";
}

/**
 * Have enough of them answered? `first`: one that could run; `all`: every one, the worst decides; a quorum: so many with
 * one verdict, or, when that cannot be reached any more, the worst of those that answered. The outputs of `bound` go on
 * when it is among those that decided, else of the first of these in the order of the step.
 */
export function completed<One extends Answered>(
  policy: Completion,
  asks: readonly (One | Unanswered | undefined)[],
  bound: string,
): Completed<One> | undefined {
  const done = asks.filter((ask): ask is One => ask?.status === "done");
  const open = asks.filter((ask) => ask !== undefined && ask.status !== "done" && ask.status !== "skipped");
  const decisive = decisiveOf(policy, done, open.length);
  if (decisive === undefined) return undefined;
  const outcome = worstOf(decisive.map((ask) => ask.outcome));
  const speaker = speakerOf(decisive, bound);
  return speaker === undefined ? undefined : { outcome, speaker };
}

/** Those whose answers make the outcome; undefined while more must answer. */
function decisiveOf<One extends Answered>(
  policy: Completion,
  done: readonly One[],
  open: number,
): readonly One[] | undefined {
  if (policy === "first") {
    const [first] = done.filter(couldRun).sort((a, b) => comparePositions(a.position, b.position));
    if (first !== undefined) return [first];
  }
  if (typeof policy === "object") {
    const agreed = verdictsOf(done);
    const won = agreed.find((same) => same.length >= policy.quorum);
    const most = Math.max(0, ...agreed.map((same) => same.length));
    if (won !== undefined) return won;
    if (done.length > 0 && most + open < policy.quorum) return done;
  }
  return open === 0 ? done : undefined;
}

const couldRun = ({ outcome }: Answered): boolean =>
  outcome === "pass" || outcome === "warning" || outcome === "fail";

/** Answers by verdict. */
function verdictsOf<One extends Answered>(done: readonly One[]): One[][] {
  const groups = new Map<Outcome, One[]>();
  for (const ask of done.filter(couldRun)) groups.set(ask.outcome, [...(groups.get(ask.outcome) ?? []), ask]);
  return [...groups.values()];
}

function speakerOf<One extends Answered>(decisive: readonly One[], bound: string): One | undefined {
  const able = decisive.filter(couldRun);
  return able.find(({ handler }) => handler === bound) ?? able[0] ?? decisive[0];
}
