import { askKey, type ReadyAsk, type SkippedAsk } from "./asks.ts";
import { moved } from "./progress.ts";
import type { RunningRun } from "./runs.ts";
import type { Change, State } from "./state.ts";
import { isOpen } from "./tasks.ts";

/** What has not been given out and fits is not asked any more. */
export function skipAsks(state: State, because: string, fits: (ask: ReadyAsk) => boolean): Change[] {
  return [...state.asks.values()].flatMap((ask): Change[] =>
    ask.status === "ready" && fits(ask)
      ? [{ table: "asks", key: askKey(ask.id, ask.handler), row: skipped(ask, because) }]
      : [],
  );
}

export function skipped(ask: ReadyAsk, because: string): SkippedAsk {
  const { id, run, step, capability, handler, role, head, attempt, spent } = ask;
  return { id, run, step, capability, handler, role, head, attempt, spent, status: "skipped", because };
}

/** Tasks of which nobody works on any ask, nor will in an aborted run: they are over with it. */
export function skipAsked(state: State, run: RunningRun): { run: RunningRun; changes: Change[] } {
  const asks = [...state.asks.values()].filter((ask) => ask.run === run.id);
  const open = new Set(asks.filter(isOpen).map(({ id }) => id));
  const resting = new Set(asks.filter(({ status }) => status === "ready").map(({ id }) => id));
  let { progress } = run;
  const changes = [...resting].flatMap((key): Change[] => {
    const task = state.tasks.get(key);
    if (task?.status !== "asked" || open.has(key)) return [];
    const { id, step, capability } = task;
    const row = { id, run: run.id, step, capability, status: "skipped" as const, because: run.id };
    progress = moved(progress, task, row);
    return [{ table: "tasks", key, row }];
  });
  return { run: { ...run, progress }, changes };
}
