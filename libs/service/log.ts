import { pino } from "pino";

/**
 * A log line is an event: a constant name under `event`, facts as fields, one line per thing that happened.
 * info = something happened, warn = it will be tried again, error = someone must act.
 */
export interface Log {
  debug(facts: LogFacts, text: string): void;
  info(facts: LogFacts, text: string): void;
  warn(facts: LogFacts, text: string): void;
  error(facts: LogFacts, text: string): void;
  child(bound: Record<string, unknown>): Log;
}

export type LogFacts = { event: string } & Record<string, unknown>;

/** Where log lines go: one JSON object a line. */
export interface LogSink {
  write(line: string): void;
}

export function openLog(parts: { service: string; level: string; sink?: LogSink | undefined }): Log {
  const options = {
    level: parts.level,
    base: { service: parts.service },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return parts.sink === undefined ? pino(options) : pino(options, parts.sink);
}
