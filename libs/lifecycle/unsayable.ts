import { reportOf, type Problem } from "@jackfield/problem/problem";
import { runFinished, runRefused, runStarted } from "@jackfield/spec/facts/run";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { factId } from "@jackfield/spec/event/ids";
import { triggeredData } from "@jackfield/spec/event/task";
import { eventType, parseType } from "@jackfield/spec/event/type";

/**
 * A decision that no event can hold → what is said in its place, so that nobody waits for ever: the task ends with the
 * reason, the request is refused, the run ends without its details. Nothing for a fact, which nobody waits for.
 */
export function insteadOf(event: CloudEvent, problem: Problem): CloudEvent[] {
  if (event.type === runStarted.type) return [refused(event, problem)];
  if (event.type === runRefused.type) return [{ ...event, data: { problem: reportOf(problem) } }];
  if (event.type === runFinished.type) return [withoutDetails(event, problem)];
  const predicate = parseType(event.type)?.predicate;
  if (predicate === "triggered") return askedInVain(event, problem);
  return predicate === "finished" && event.triggeredid !== undefined ? [errored(event, problem)] : [];
}

const refused = (event: CloudEvent, problem: Problem): CloudEvent => ({
  ...event,
  type: runRefused.type,
  id: factId(event.run ?? "", 1, "refused"),
  data: { problem: reportOf(problem) },
});

function withoutDetails(event: CloudEvent, problem: Problem): CloudEvent {
  // We made it, so it keeps its contract.
  const { metrics: _, because, ...data } = runFinished.data.parse(event.data);
  return {
    ...event,
    data: {
      ...data,
      ...(because !== undefined && { because: { task: because.task, problem: reportOf(problem) } }),
    },
  };
}

/** A `triggered` that addresses nobody and asks nothing, and its end. */
function askedInVain(event: CloudEvent, problem: Problem): CloudEvent[] {
  const { cachekey: _, ...data } = triggeredData.parse(event.data);
  const { handler: __, ...triggered } = { ...event, data: { ...data, inputs: {} } };
  const type = parseType(event.type);
  const finished = {
    ...triggered,
    type: eventType(type?.subject ?? "", "finished", type?.version ?? ""),
    id: event.id.replace(/triggered$/, "finished"),
    causationid: event.id,
    triggeredid: event.id,
  };
  return [triggered, errored(finished, problem)];
}

function errored(event: CloudEvent, problem: Problem): CloudEvent {
  const { result: _, ...finished } = event;
  const data = { message: problem.message, problem: reportOf(problem), retry: false };
  return { ...finished, status: "errored", data };
}
