import { askKey, type ReadyAsk } from "./asks.ts";
import { findHandler } from "./handlers.ts";
import { headOf, isAborted, mayGoOn, type BegunRun, type Run, type RunningRun } from "./runs.ts";
import { handlersOf } from "./several.ts";
import type { Change, Entry, State } from "./state.ts";
import type { OpenTask } from "./tasks.ts";

/**
 * Who shadows a task is asked for the same as its handler, once, from the moment at which that is given out. A shadow that
 * is not there is left out.
 */
export function askShadows(
  state: State,
  run: RunningRun,
  task: OpenTask,
  { event, position }: Entry,
): Change[] {
  const names = run.pinned.shadows?.[task.capability];
  const others = handlersOf(run, task) ?? [];
  if (names === undefined || task.attempt > 1 || event.handler === undefined || isAborted(run)) return [];
  const { id, step, capability } = task;
  const head = headOf(run);
  return names
    .filter((name) => !others.includes(name))
    .filter((name) => findHandler(state, run.scope.project, name)?.lost === false)
    .map((handler): Change => {
      const row: ReadyAsk = {
        ...{ id, run: run.id, step, capability, handler, role: "shadow", head },
        ...{ status: "ready", attempt: 1, spent: 0, cause: event.id, since: position, restMs: 0 },
      };
      return { table: "asks", key: askKey(id, handler), row };
    });
}

/** May a shadow be given its work? Also when its run is over, but not while that is paused, nor after an abort. */
export const mayShadow = (run: Run | undefined): run is BegunRun =>
  mayGoOn(run) || (run?.status === "finished" && !isAborted(run));
