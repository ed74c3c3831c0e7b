import type { LogEntry } from "@jackfield/events/log-entry";
import type { CloudEvent } from "@jackfield/spec/event/envelope";

/** An entry of the stream that is an event, and belongs into the log. */
export type KeptEvent = Extract<LogEntry, { event: CloudEvent }>;
