import { requireBothSides, type Assignment } from "@jackfield/learning/assignment";
import { namesClasses } from "@jackfield/learning/family";
import { splitByHash } from "@jackfield/learning/hash-split";
import { splitByQuota, splitByStrata } from "@jackfield/learning/quota-split";
import { splitByOrder, splitByValue } from "@jackfield/learning/value-split";
import { labelOf, type Value } from "@jackfield/learning/values";
import { rowIdColumn, type Column } from "@jackfield/spec/event/artifact";
import type { SplitRule } from "@jackfield/spec/project/rules";

/** The rows to be parted, by the columns that a rule can ask for. */
export interface Columns {
  described: readonly Column[];
  target: string;
  values: (column: string) => Value[];
}

/** Where each row goes, and the rule in words. */
export interface Assigned {
  assignment: Assignment;
  method: string;
}

export const isTime = ({ type }: Column): boolean => type === "date" || type === "timestamp";

/**
 * Parts rows by a rule. A row without a target can neither teach nor judge: it goes to neither side.
 * @throws Problem E_SPLIT_EMPTY when a side stays empty, E_LEAK and E_INVALID of the rule itself.
 */
export function assign(columns: Columns, rule: SplitRule, seed: number): Assigned {
  const known = [...columns.values(columns.target).entries()].filter(([, value]) => value !== null);
  const rows = known.map(([row]) => row);
  const values = (column: string): Value[] => {
    const all = columns.values(column);
    return rows.map((row) => all[row] ?? null);
  };
  const { assignment, method } = byRule({ ...columns, values }, rule, seed);
  requireBothSides(assignment, `the split ${method}`);
  const sides = new Map(rows.map((row, place) => [row, assignment[place]]));
  const every = columns.values(columns.target).map((_, row) => sides.get(row) ?? "left");
  return { assignment: every, method };
}

function byRule(columns: Columns, rule: SplitRule, seed: number): Assigned {
  const { values } = columns;
  switch (rule.method) {
    case "auto":
      return byWhatIsThere(columns, rule.test, seed);
    case "quota": {
      const quota = { testShare: rule.test, seed };
      return rule.stratify === undefined
        ? { assignment: splitByQuota(values(rowIdColumn).length, quota), method: "by quota" }
        : {
            assignment: splitByStrata(values(rule.stratify).map(labelOf), quota),
            method: `by quota, stratified by ${rule.stratify}`,
          };
    }
    case "column":
      return {
        assignment: splitByValue(rule.column, values(rule.column), rule),
        method: `by ${rule.column}`,
      };
    case "hash": {
      const keys = values(rule.key ?? rowIdColumn).map((value) => [value]);
      return {
        assignment: splitByHash(keys, { testShare: rule.test, seed }),
        method: `by hash of ${rule.key ?? "the row id"}`,
      };
    }
  }
}

/** Nobody said how: by time when exactly one column tells the time of each row, else stratified where there are classes. */
function byWhatIsThere({ described, target, values }: Columns, testShare: number, seed: number): Assigned {
  const words = `${percent(1 - testShare)}/${percent(testShare)}`;
  const [time, ...others] = described.filter((column) => isTime(column) && column.name !== target);
  if (time && others.length === 0 && namesEachRow(values(time.name))) {
    return {
      assignment: splitByOrder(values(time.name), testShare),
      method: `${words} by time of ${time.name}`,
    };
  }
  const type = described.find(({ name }) => name === target)?.type ?? "string";
  const quota = { testShare, seed };
  const classes = values(target);
  return namesClasses(type, classes)
    ? { assignment: splitByStrata(classes.map(labelOf), quota), method: `${words} stratified by ${target}` }
    : { assignment: splitByQuota(classes.length, quota), method: `${words} by quota` };
}

const percent = (share: number): number => Number((share * 100).toFixed(2));

const namesEachRow = (values: readonly Value[]): boolean =>
  !values.includes(null) && new Set(values).size === values.length;
