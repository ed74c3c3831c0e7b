import type { RunHead } from "./runs.ts";
import type { DoneTask, OpenTask, ReadyTask, SkippedTask } from "./tasks.ts";

/** Does an answer decide, or is it only compared? */
export type Role = "primary" | "shadow";

/**
 * What one handler of several is asked, or a shadow: a row of its own beside the task, so that the task of a single
 * handler stays one row. It outlives the run when nothing waits for it, and so holds what the run is called.
 */
export interface AskHead {
  handler: string;
  role: Role;
  head: RunHead;
}

export type ReadyAsk = ReadyTask & AskHead;
/** `pruned`: its answer cannot count any more, so it is told to stop. */
export type OpenAsk = OpenTask & AskHead & { pruned?: true };
export type DoneAsk = DoneTask & AskHead;
/** Its attempt is kept: the `triggered` that gives it out may be on its way. */
export type SkippedAsk = SkippedTask & AskHead & Pick<ReadyTask, "attempt" | "spent">;
export type Ask = ReadyAsk | OpenAsk | DoneAsk | SkippedAsk;

/** One handler is asked one thing once; attempts are counted in the row. */
export const askKey = (task: string, handler: string): string => `${task}/${handler}`;

/** `<task>/<handler>/<attempt>/triggered` → `<task>/<handler>`. */
export const askOfTriggered = (triggeredid: string): string => triggeredid.split("/").slice(0, -2).join("/");
