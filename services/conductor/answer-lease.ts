import type { z } from "zod";
import { askKey, askOfTriggered, type Ask, type OpenAsk } from "@jackfield/lifecycle/asks";
import { isAborted } from "@jackfield/lifecycle/runs";
import { NotLoaded } from "@jackfield/lifecycle/state";
import { isOpen, type OpenTask, type Task } from "@jackfield/lifecycle/tasks";
import { Problem } from "@jackfield/problem/problem";
import { placeOfHandler, type lease } from "@jackfield/spec/ask/conductor";
import type { Conductor } from "./conductor.ts";
import { readToTheEnd } from "./read-to-the-end.ts";

type Asked = z.output<typeof lease.input>;
type Lease = z.input<typeof lease.answer>;

/**
 * May this attempt go on, or begin? Every open attempt is in memory. Of several that want to begin it the one whose
 * `started` is the first in the stream may.
 */
export const answerLease =
  (conductor: Conductor) =>
  async (asked: Asked, { subject }: { subject: string }): Promise<Lease> => {
    const { state, outbox, atWork } = conductor;
    let task = openTask(conductor, asked);
    if (task?.status === "triggered" || (task === undefined && outbox.has(asked.triggeredid))) {
      // The stream has shown it to its handler before us, or somebody else has started it just now.
      await readToTheEnd(conductor);
      task = openTask(conductor, asked);
    }
    if (task === undefined) return { go: false, reason: await whyOver(conductor, asked) };
    // A shadow may be at work when its run is over and out of memory.
    const run =
      held(() => state.runs.get(task.run)) ?? (await conductor.ask(({ runs }) => runs.get(task.run)));
    if (subject !== `lease.${placeOfHandler(run?.scope.project, task.handler)}`) {
      throw new Problem(
        "E_NOT_YOURS",
        `${asked.task} was given to ${task.handler}, not to who asks on ${subject}.`,
      );
    }
    if (run !== undefined && isAborted(run)) return { go: false, reason: "abort" };
    if ("pruned" in task) return { go: false, reason: "prune" };
    if (task.status === "started" && task.instance !== undefined && task.instance !== asked.instance)
      return { go: false, reason: "stale" };
    const heard = atWork.heard.get("role" in task ? askKey(task.id, task.handler) : task.id);
    if (heard !== undefined) heard.leasedMs = performance.now();
    return { go: true, untilSeconds: task.limits.leaseSeconds };
  };

/** An attempt that ended: by an abort, or because another one took over. */
async function whyOver(
  conductor: Conductor,
  { task: id, triggeredid, attempt }: Asked,
): Promise<"abort" | "stale"> {
  const ended = await conductor.ask(
    (state) => state.asks.get(askOfTriggered(triggeredid)) ?? state.tasks.get(id),
  );
  const aborted = ended?.status === "done" && ended.outcome === "aborted" && ended.attempt === attempt;
  return aborted ? "abort" : "stale";
}

/** The open attempt that is asked about; an attempt that ended or was superseded is none. */
function openTask(
  { state }: Conductor,
  { task, triggeredid, attempt }: Asked,
): OpenTask | OpenAsk | undefined {
  const isMeant = (row: Task | Ask | undefined): row is OpenTask | OpenAsk =>
    row !== undefined && isOpen(row) && row.triggeredid === triggeredid && row.attempt === attempt;
  const found = held(() => state.tasks.get(task));
  const asked = isMeant(found) ? found : held(() => state.asks.get(askOfTriggered(triggeredid)));
  return isMeant(asked) ? asked : undefined;
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
