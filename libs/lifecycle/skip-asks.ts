import { askKey, type Ask, type ReadyAsk, type SkippedAsk } from "./asks.ts";
import type { Change, State } from "./state.ts";

/** What has not been given out and fits is not asked any more. */
export function skipAsks(state: State, because: string, fits: (ask: ReadyAsk) => boolean): Change[] {
  return [...state.asks.values()]
    .filter((ask) => ask.status === "ready" && fits(ask))
    .map((ask): Change => ({ table: "asks", key: askKey(ask.id, ask.handler), row: skipped(ask, because) }));
}

export const skipped = (
  { id, run, step, capability, handler, role, head }: Ask,
  because: string,
): SkippedAsk => ({ id, run, step, capability, handler, role, head, status: "skipped", because });
