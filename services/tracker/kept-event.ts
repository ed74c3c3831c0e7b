import type { LogEntry } from "@jackfield/events/log-entry";
import type { CloudEvent } from "@jackfield/spec/event/envelope";

/** An entry of the stream that is an event, and belongs into the log. */
export type KeptEvent = Extract<LogEntry, { event: CloudEvent }>;

/** The log's key as one text. Attributes have no control characters, so a line break parts them. */
export const keyOf = ({ project, source, type, id }: CloudEvent): string =>
  `${id}\n${source}\n${type}\n${project ?? ""}`;
