import { configApplied } from "@jackfield/spec/facts/config";
import type { LimitsOf } from "./choose-next.ts";
import type { Change, Entry, State } from "./state.ts";

/** A project file became true. An older version that comes again changes nothing. */
export function foldApplied(state: State, { event }: Entry): Change[] {
  const said = configApplied.data.safeParse(event.data);
  if (!said.success) return [];
  const { version, applied } = said.data;
  const known = state.projects.get(applied.project);
  if (known !== undefined && known.version >= version) return [];
  return [{ table: "projects", key: applied.project, row: { version, applied } }];
}

/** The limits that the newest applied version of a project sets, also for runs that began before it. */
export const limitsIn =
  ({ projects }: Pick<State, "projects">): LimitsOf =>
  (project) =>
    projects.get(project)?.applied.limits;
