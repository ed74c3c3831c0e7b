import type { z } from "zod";
import { NotLoaded } from "@jackfield/lifecycle/state";
import { isOpen, type OpenTask } from "@jackfield/lifecycle/tasks";
import { Problem } from "@jackfield/problem/problem";
import type { lease } from "@jackfield/spec/ask/conductor";
import type { Conductor } from "./conductor.ts";

type Asked = z.output<typeof lease.input>;
type Lease = z.input<typeof lease.answer>;

/** What is not decided within a moment is asked again in 5 s; until then a question renews the lease. */
const decidedSeconds = 60;

/** May this attempt go on? Answered from memory: every open attempt is in it, and what was just given out is too. */
export const answerLease =
  (conductor: Conductor) =>
  async (asked: Asked, { subject }: { subject: string }): Promise<Lease> => {
    const { state, outbox, atWork } = conductor;
    const task = openTask(conductor, asked);
    // It was given out, and the stream has shown it to its handler before us.
    if (task === undefined && outbox.has(asked.triggeredid))
      return { go: true, untilSeconds: decidedSeconds };
    if (task === undefined) return { go: false, reason: await whyOver(conductor, asked) };
    if (subject !== `lease.${task.handler}`) {
      throw new Problem(
        "E_NOT_YOURS",
        `${asked.task} was given to ${task.handler}, not to who asks on ${subject}.`,
      );
    }
    const run = state.runs.get(task.run);
    if (run?.status === "running" && run.aborted !== undefined) return { go: false, reason: "abort" };
    const heard = atWork.heard.get(task.id);
    if (heard !== undefined) heard.leasedMs = performance.now();
    return { go: true, untilSeconds: task.limits.leaseSeconds };
  };

/** An attempt that ended: by an abort, or because another one took over. */
async function whyOver(conductor: Conductor, { task: id, attempt }: Asked): Promise<"abort" | "stale"> {
  const task = await conductor.ask((state) => state.tasks.get(id));
  const aborted = task?.status === "done" && task.outcome === "aborted" && task.attempt === attempt;
  return aborted ? "abort" : "stale";
}

/** The open attempt that is asked about; an attempt that ended or was superseded is none. */
function openTask({ state }: Conductor, { task: id, triggeredid, attempt }: Asked): OpenTask | undefined {
  const task = held(() => state.tasks.get(id));
  return task !== undefined && isOpen(task) && task.triggeredid === triggeredid && task.attempt === attempt
    ? task
    : undefined;
}

/** What is not in memory is not open. */
function held<T>(look: () => T | undefined): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof NotLoaded) return undefined;
    throw error;
  }
}
