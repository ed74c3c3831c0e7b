import { canonicalJson } from "@jackfield/spec/event/canonical";
import type { AppliedProject } from "@jackfield/spec/project/configuration";
import { pointer } from "./pieces.ts";

/** One difference between two forms: JSON Pointer, before, after. A side that is absent is left out. */
export interface Change {
  path: string;
  from?: unknown;
  to?: unknown;
}

/** What is different between two versions of a project; the steps of a workflow are compared by name. */
export const changesOfProject = (before?: AppliedProject, after?: AppliedProject): Change[] =>
  changesBetween(before && stepsByName(before), after && stepsByName(after));

const stepsByName = ({ workflows, ...applied }: AppliedProject): object => ({
  ...applied,
  workflows: Object.fromEntries(
    Object.entries(workflows).map(([name, { on, steps }]) => [
      name,
      { on, steps: Object.fromEntries(steps.map(({ name: step, ...rest }) => [step, rest])) },
    ]),
  ),
});

/** What is different, leaf by leaf, in the order of the names. Lists are leaves. */
export function changesBetween(before: unknown, after: unknown, path: readonly string[] = []): Change[] {
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => changesBetween(before[key], after[key], [...path, key]));
  }
  if (isMap(after) && before === undefined && Object.keys(after).length > 0)
    return changesBetween({}, after, path);
  if (isMap(before) && after === undefined && Object.keys(before).length > 0)
    return changesBetween(before, {}, path);
  if (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after))
    return [];
  if (before === undefined && after === undefined) return [];
  return [
    {
      path: pointer(path),
      ...(before !== undefined && { from: before }),
      ...(after !== undefined && { to: after }),
    },
  ];
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
