import type { z } from "zod";
import type { Artifacts } from "@jackfield/artifacts/artifacts";
import type { Assignment, Side } from "@jackfield/learning/assignment";
import { mostFrequent } from "@jackfield/learning/confusion";
import { namesClasses } from "@jackfield/learning/family";
import { leakageReport, type LeakageReport } from "@jackfield/learning/leakage";
import { quantile } from "@jackfield/learning/quantile";
import { mean } from "@jackfield/learning/regression";
import { contentDigest, contentsIn } from "@jackfield/learning/row-content";
import { labelOf, type Value } from "@jackfield/learning/values";
import { keepTable } from "@jackfield/service/keep-table";
import { answered, type Answered } from "@jackfield/service/on";
import type { split } from "@jackfield/spec/split";
import { rowIdColumn, type Table } from "@jackfield/spec/event/artifact";
import type { SplitRule } from "@jackfield/spec/project/rules";
import type { Row } from "@jackfield/tables/duck";
import { readRows, takeRows } from "@jackfield/tables/rows";
import { mustHave } from "@jackfield/tables/settle-types";
import { naiveForecast } from "./naive-forecast.ts";
import { assign, isTime, type Columns } from "./assign.ts";

type Input = z.output<typeof split.input>;
type Output = z.input<typeof split.output>;

/** Parts the rows of a data version and holds the target of the test rows back. */
export const splitRows =
  ({ artifacts }: { artifacts: Artifacts }) =>
  async (input: Input): Promise<Answered<Output>> => {
    requireColumns(input);
    const path = await artifacts.pathOf(input.dataset.digest);
    const columns = columnsOf(await readRows(path, columnsToRead(input)), input);
    const rowIds = columns.values(rowIdColumn).map(labelOf);
    const { assignment, method } = assign(columns, input.rule, input.seed);
    const leakage = leakageReport({
      assignment,
      rowIds,
      contents: contentsIn(rowIds) ?? (await readRows(path)).map(withoutId).map(contentDigest),
      classes: classesOf(columns),
      time: timeOf(columns, input),
    });
    const take = part(artifacts, path, { assignment, rowIds });
    const names = input.dataset.columns.map(({ name }) => name);
    const parts = {
      train: await take("train", "train", names),
      test: await take("test", "test", withoutTarget(names, input.target)),
    };
    const truth = await take("truth", "test", truthColumns(input));
    return answered(
      { parts, truth, method, usual: usualOf(columns, assignment, input.season), leakage },
      { message: inWords(leakage, input, method) },
    );
  };

/** @throws Problem E_NO_COLUMN with the nearest names, before anything is read. */
function requireColumns(input: Input): void {
  const names = input.dataset.columns.map(({ name }) => name);
  for (const column of columnsAskedFor(input)) mustHave(names, column, "the data");
}

const columnsAskedFor = (input: Input): string[] => [...truthColumns(input), ...ruledBy(input.rule)];

function ruledBy(rule: SplitRule): string[] {
  if (rule.method === "column") return [rule.column];
  const column = rule.method === "hash" ? rule.key : rule.method === "quota" ? rule.stratify : undefined;
  return column === undefined ? [] : [column];
}

const columnsToRead = (input: Input): string[] => [
  ...new Set([
    rowIdColumn,
    ...columnsAskedFor(input),
    ...input.dataset.columns.filter(isTime).map(({ name }) => name),
  ]),
];

/** What evaluate has to know of a test row. */
const truthColumns = ({ target, slices, query }: Input): string[] => [
  ...new Set([target, ...slices.map(({ column }) => column), ...(query === undefined ? [] : [query])]),
];

const columnsOf = (rows: readonly Row[], { dataset, target }: Input): Columns => ({
  described: dataset.columns,
  target,
  values: (column) => rows.map((row) => row[column] ?? null),
});

const withoutId = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([column]) => column !== rowIdColumn));

/** More classes than this are no table that anybody reads, and an event is small. */
const classesAtMost = 100;

function classesOf({ described, target, values }: Columns): Value[] | undefined {
  const type = described.find(({ name }) => name === target)?.type ?? "string";
  const classes = values(target);
  return namesClasses(type, classes) && new Set(classes).size <= classesAtMost ? classes : undefined;
}

/** What always giving the same answer would say: it may know train, and nothing of test. */
function usualOf(columns: Columns, assignment: Assignment, season: number): Output["usual"] {
  const { described, target, values } = columns;
  const type = described.find(({ name }) => name === target)?.type ?? "string";
  const isNumeric = type === "integer" || type === "number";
  const naive = isNumeric ? naiveForecast(columns, assignment, season) : undefined;
  const trained = values(target).filter((_, row) => assignment[row] === "train");
  return {
    ...(namesClasses(type, trained) && {
      classes: mostFrequent(trained.map(labelOf)).slice(0, classesAtMost),
    }),
    ...(isNumeric && {
      mean: mean(trained.map(Number)),
      median: quantile(trained.map(Number), 0.5),
    }),
    ...(naive && { naive }),
  };
}

/** The column that tells time: the rule's own, or the only one there is. */
function timeOf(
  { described, values }: Columns,
  { rule }: Input,
): { column: string; values: Value[] } | undefined {
  const times = described.filter(isTime).map(({ name }) => name);
  const column =
    rule.method === "column" && times.includes(rule.column)
      ? rule.column
      : times.length === 1
        ? times[0]
        : undefined;
  return column === undefined ? undefined : { column, values: values(column) };
}

const withoutTarget = (names: readonly string[], target: string): string[] =>
  names.filter((name) => name !== target);

const part =
  (artifacts: Artifacts, path: string, rows: { assignment: Assignment; rowIds: readonly string[] }) =>
  (name: string, side: Side, columns: readonly string[]): Promise<Table> => {
    const rowIds = rows.rowIds.filter((_, row) => rows.assignment[row] === side);
    return keepTable(artifacts, name, (to) => takeRows(path, { rowIds, columns }, to));
  };

function inWords({ rows, twins }: LeakageReport, { rule }: Input, method: string): string {
  return [
    `${rows.train} train + ${rows.test} test${rule.method === "auto" ? ` (${method})` : ""}`,
    twins === 0
      ? "no row in both"
      : `${twins} test ${twins === 1 ? "row has a twin" : "rows have twins"} in train`,
    ...(rows.left > 0 ? [`${rows.left} left out`] : []),
  ].join(", ");
}
