import { completed, type Answered } from "@jackfield/lifecycle/completion";
import { partsOfTask } from "@jackfield/spec/event/ids";
import { comparePositions } from "@jackfield/spec/event/position";
import { step } from "@jackfield/spec/project/workflow";
import type { Outcome } from "@jackfield/spec/event/outcome";
import { z } from "zod";

/** An attempt, as far as it says who speaks for its task; `answered` when its counted answer is there. */
export interface Heard {
  handler: string;
  role: "primary" | "shadow";
  answered?: Pick<Answered, "outcome" | "position">;
}

/** Who speaks for a task, and how the task ended when its handlers had answered enough. */
export interface Spoken<One> {
  speaker: One;
  outcome?: Outcome | undefined;
}

const pinnedSteps = z.object({
  workflow: z.object({ steps: z.array(step) }),
  bindings: z.record(z.string(), z.string()),
});

/**
 * The newest primary attempt speaks for a task of one handler; of several, one of those that decided it, by the rule of
 * the step and in the order of the stream. `attempts` are in the order in which they were given out.
 */
export function speakerOf<One extends Heard>(
  task: string,
  attempts: readonly One[],
  pinned: unknown,
): Spoken<One> | undefined {
  const newest = attempts.findLast(({ role }) => role === "primary") ?? attempts.at(-1);
  const found = pinnedSteps.safeParse(pinned).data;
  const name = partsOfTask(task).step.split("/")[0];
  const asked = found?.workflow.steps.find((one) => one.name === name);
  if (newest === undefined) return undefined;
  if (found === undefined || asked?.handlers === undefined) {
    return { speaker: newest, outcome: newest.answered?.outcome };
  }
  const bound = found.bindings[asked.capability] ?? "";
  const last = asked.handlers.map((handler) =>
    attempts.findLast((one) => one.handler === handler && one.role === "primary"),
  );
  const end = firstEnd(last, (said) => completed<Said<One>>(asked.complete ?? "all", said, bound));
  return end === undefined ? { speaker: newest } : { speaker: end.speaker.of, outcome: end.outcome };
}

type Said<One> = Answered & { of: One };

/** Answer by answer, as the conductor heard them: what comes after enough were there decides nothing any more. */
function firstEnd<One extends Heard, End>(
  attempts: readonly (One | undefined)[],
  judge: (said: (Said<One> | { status: "started" })[]) => End | undefined,
): End | undefined {
  const all = attempts.map((of): Said<One> | undefined =>
    of?.answered === undefined ? undefined : { status: "done", handler: of.handler, of, ...of.answered },
  );
  const inOrder = all
    .filter((one) => one !== undefined)
    .sort((a, b) => comparePositions(a.position, b.position));
  for (const { position } of inOrder) {
    const heard = all.map((one) =>
      one !== undefined && comparePositions(one.position, position) <= 0
        ? one
        : { status: "started" as const },
    );
    const end = judge(heard);
    if (end !== undefined) return end;
  }
  return undefined;
}
