import { Problem } from "@jackfield/problem/problem";
import type { Flags } from "./verb.ts";
import { duration } from "./words.ts";

/** `--at` as an instant: a time of today here, ISO 8601, or so long ago. @throws Problem E_USAGE */
export const instantOf = (flags: Flags, now = new Date()): string | undefined =>
  readInstant(flags.text("at"), { now, sign: -1, how: "--at", example: "10m for ten minutes ago" });

/** `--until` as an instant: a time of today here, ISO 8601, or so long from now. @throws Problem E_USAGE */
export const untilOf = (flags: Flags, now = new Date()): string | undefined =>
  readInstant(flags.text("until"), { now, sign: 1, how: "--until", example: "2h for two hours from now" });

interface Reading {
  now: Date;
  /** Is a duration counted back or ahead? */
  sign: 1 | -1;
  how: string;
  example: string;
}

function readInstant(text: string | undefined, { now, sign, how, example }: Reading): string | undefined {
  if (text === undefined) return undefined;
  const length = duration(text);
  const [, hours, minutes, seconds = "0"] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text) ?? [];
  const instant = new Date(now);
  if (length !== undefined) instant.setTime(now.getTime() + sign * length);
  else if (hours !== undefined) instant.setHours(Number(hours), Number(minutes), Number(seconds), 999);
  else instant.setTime(/^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN);
  if (!Number.isNaN(instant.getTime())) return instant.toISOString();
  throw new Problem("E_USAGE", `${how} ${text} is no time`, {
    next: `write 14:02, 2026-05-01T14:02:00Z, or ${example}`,
  });
}
