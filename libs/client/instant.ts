import { Problem } from "@jackfield/problem/problem";
import type { Flags } from "./verb.ts";
import { duration } from "./words.ts";

/** `--at` as an instant: a time of today here, ISO 8601, or so long ago. @throws Problem E_USAGE */
export function instantOf(flags: Flags, now = new Date()): string | undefined {
  const text = flags.text("at");
  if (text === undefined) return undefined;
  const ago = duration(text);
  const [, hours, minutes, seconds = "0"] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text) ?? [];
  const instant = new Date(now);
  if (ago !== undefined) instant.setTime(now.getTime() - ago);
  else if (hours !== undefined) instant.setHours(Number(hours), Number(minutes), Number(seconds), 999);
  else instant.setTime(/^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN);
  if (!Number.isNaN(instant.getTime())) return instant.toISOString();
  throw new Problem("E_USAGE", `--at ${text} is no time`, {
    next: "write 14:02, 2026-05-01T14:02:00Z, or 10m for ten minutes ago",
  });
}
