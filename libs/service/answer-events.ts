import { progressedId, sourceOfHandler, taskEventId, type TaskEventName } from "@jackfield/spec/event/ids";
import { scopeOf, type CloudEvent } from "@jackfield/spec/event/envelope";
import type { Result, Status } from "@jackfield/spec/event/outcome";
import type { FinishedData, ProgressedData } from "@jackfield/spec/event/task";
import { eventType, parseType } from "@jackfield/spec/event/type";
import type { Trace } from "./telemetry.ts";

/** What every answer to a `triggered` repeats of it. */
export interface Assignment {
  triggered: CloudEvent;
  task: string;
  handler: string;
  attempt: number;
  instance: string;
}

/** A `triggered` → the assignment it makes, or undefined when it names no task, handler or attempt. */
export function assignmentOf(triggered: CloudEvent, instance: string): Assignment | undefined {
  const { subject: task, handler, attempt } = triggered;
  if (task === undefined || handler === undefined || attempt === undefined) return undefined;
  return { triggered, task, handler, attempt, instance };
}

/** The `started` of an assignment: I have it. */
export const startedEvent = (assignment: Assignment, time: string, trace: Trace): CloudEvent => ({
  ...answerTo(assignment, "started", { id: taskEventId(nameOf(assignment), "started"), time, trace }),
  data: { instance: assignment.instance },
});

/** The `progressed` number `count` of this instance. */
export const progressedEvent = (
  assignment: Assignment,
  count: number,
  said: { time: string; trace: Trace; data: ProgressedData },
): CloudEvent => ({
  ...answerTo(assignment, "progressed", {
    id: progressedId(nameOf(assignment), assignment.instance, count),
    time: said.time,
    trace: said.trace,
  }),
  data: said.data,
});

/** The `finished` of an assignment: could it run, what is the verdict, what came of it. */
export const finishedEvent = (
  assignment: Assignment,
  ended: { status: Status; result?: Result; data: FinishedData },
  said: { time: string; trace: Trace },
): CloudEvent => ({
  ...answerTo(assignment, "finished", { id: taskEventId(nameOf(assignment), "finished"), ...said }),
  status: ended.status,
  ...(ended.result !== undefined && { result: ended.result }),
  data: ended.data,
});

const nameOf = ({ task, handler, attempt }: Assignment): TaskEventName => ({ task, handler, attempt });

interface Said {
  id: string;
  time: string;
  trace: Trace;
}

function answerTo(assignment: Assignment, predicate: string, { id, time, trace }: Said): CloudEvent {
  const { triggered, task, handler, attempt } = assignment;
  const type = parseType(triggered.type);
  return {
    specversion: "1.0",
    id,
    source: sourceOfHandler(handler),
    type: eventType(type?.subject ?? "", predicate, type?.version ?? ""),
    subject: task,
    time,
    datacontenttype: "application/json",
    correlationid: triggered.correlationid ?? triggered.id,
    causationid: triggered.id,
    ...scopeOf(triggered),
    ...(triggered.run !== undefined && { run: triggered.run }),
    ...(triggered.runname !== undefined && { runname: triggered.runname }),
    triggeredid: triggered.id,
    handler,
    role: triggered.role ?? "primary",
    attempt,
    ...trace,
  };
}
