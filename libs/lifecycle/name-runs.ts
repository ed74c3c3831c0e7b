import type { Pinned, RunScope } from "./runs.ts";
import type { Change, State } from "./state.ts";

/** Names are counted for each subproject of a project, and for each capability that runs by itself. */
export const nameKey = (project: string, base: string): string => `${project}/${base}`;

export const nameBase = (scope: RunScope, workflow: Pinned["workflow"], isTask: boolean): string =>
  isTask ? (workflow.steps[0]?.capability ?? workflow.name) : (scope.subproject ?? scope.project);

/** `seattle-57` → `seattle` and 57. */
export function partsOfName(name: string): { base: string; count: number } {
  const [, base = name, count = "0"] = /^(.*)-(\d+)$/.exec(name) ?? [];
  return { base, count: Number(count) };
}

/** A name was given: the next one counts on from here, and what a run was given stands for the next that says nothing. */
export function countName(state: State, project: string, pinned: Pinned): Change {
  const { base, count } = partsOfName(pinned.runname);
  const key = nameKey(project, base);
  const known = state.names.get(key);
  const { files, code, configuration } = pinned;
  const from = configuration?.fetch?.from;
  const given = { files, ...(from !== undefined && { from }), ...(code !== undefined && { code }) };
  const last = configuration === undefined ? known?.last : given;
  const row = { count: Math.max(count, known?.count ?? 0), ...(last !== undefined && { last }) };
  return { table: "names", key, row };
}
