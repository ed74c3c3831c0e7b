import { events } from "@jackfield/spec/ask/tracker";
import { table as tableOf } from "@jackfield/spec/event/artifact";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { outcomeOf, type Outcome } from "@jackfield/spec/event/outcome";
import { finishedData } from "@jackfield/spec/event/task";
import { parseType } from "@jackfield/spec/event/type";
import type { Server } from "./server.ts";
import { download } from "./upload.ts";

/** One answer of a handler to a task. */
interface Answer {
  task: string;
  project: string | undefined;
  capability: string;
  outcome: Outcome;
  seconds: number | undefined;
  metrics: Record<string, number>;
  /** The digest of the table that is compared row by row. */
  rows: string | undefined;
}

/** What two handlers said to the same tasks. */
export interface HandlerComparison {
  handlers: [string, string];
  capabilities: string[];
  /** Tasks that both answered. */
  tasks: number;
  /** Tasks to which both said the same outcome. */
  agreed: number;
  failures: [number, number];
  /** The median of how long the work took. */
  seconds: [number | undefined, number | undefined];
  /** Means over the tasks in which both have the metric. */
  metrics: { metric: string; from: number; to: number }[];
  /** Of the newest tasks with predictions: rows in both, and how many are predicted differently. */
  rows: { tasks: number; common: number; different: number } | undefined;
}

const atOnce = 500;
/** Tables are downloaded for so many tasks. */
const tablesOfTasks = 5;

/** Compares what a handler and its shadow (or two of several) answered to the same tasks, the newest first. */
export async function compareHandlers(
  server: Server,
  [a, b]: [string, string],
  project: string | undefined,
): Promise<HandlerComparison> {
  const [left, right] = await Promise.all([answersOf(server, a, project), answersOf(server, b, project)]);
  const byTask = new Map(right.map((answer) => [answer.task, answer]));
  const pairs = left.flatMap((one): [Answer, Answer][] => {
    const other = byTask.get(one.task);
    return other === undefined ? [] : [[one, other]];
  });
  return {
    handlers: [a, b],
    capabilities: [...new Set(pairs.map(([{ capability }]) => capability))].sort(),
    tasks: pairs.length,
    agreed: pairs.filter(([one, other]) => one.outcome === other.outcome).length,
    failures: [failuresOf(pairs.map(([one]) => one)), failuresOf(pairs.map(([, other]) => other))],
    seconds: [medianOf(pairs.map(([one]) => one.seconds)), medianOf(pairs.map(([, other]) => other.seconds))],
    metrics: metricsOf(pairs),
    rows: await rowsOf(server, pairs),
  };
}

/** The newest answers of a handler, each task once. */
async function answersOf(server: Server, handler: string, project: string | undefined): Promise<Answer[]> {
  const query = { filter: `*.finished handler=${handler}`, project, order: "newest", limit: atOnce };
  const page = await server.get(events.answer, "/v1/events", query);
  const answers = page.events.flatMap(({ event }) => answerIn(event));
  return [...new Map(answers.toReversed().map((answer) => [answer.task, answer])).values()].toReversed();
}

function answerIn({ type, subject, project, status, result, data }: CloudEvent): Answer[] {
  const said = finishedData.safeParse(data).data;
  if (subject === undefined || status === undefined || said === undefined || said.cached === true) return [];
  const { outputs = {}, workSeconds } = said;
  const predictions = tableOf.safeParse(outputs["predictions"]).data;
  return [
    {
      ...{ task: subject, project, capability: parseType(type)?.subject ?? "" },
      ...{ outcome: outcomeOf(status, result), seconds: workSeconds, metrics: numbersIn(outputs["metrics"]) },
      rows: predictions?.digest,
    },
  ];
}

function numbersIn(value: unknown): Record<string, number> {
  if (typeof value !== "object" || value === null) return {};
  const numbers = Object.entries(value).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  return Object.fromEntries(numbers);
}

const failuresOf = (answers: readonly Answer[]): number =>
  answers.filter(({ outcome }) => outcome !== "pass" && outcome !== "warning").length;

function medianOf(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((x, y) => x - y);
  return sorted[Math.floor(sorted.length / 2)];
}

function metricsOf(pairs: readonly [Answer, Answer][]): HandlerComparison["metrics"] {
  const names = new Set(
    pairs.flatMap(([one, other]) => Object.keys(one.metrics).filter((name) => name in other.metrics)),
  );
  return [...names].sort().map((metric) => {
    const both = pairs.filter(([one, other]) => metric in one.metrics && metric in other.metrics);
    const mean = (which: 0 | 1): number =>
      both.reduce((sum, pair) => sum + (pair[which].metrics[metric] ?? 0), 0) / both.length;
    return { metric, from: mean(0), to: mean(1) };
  });
}

async function rowsOf(
  server: Server,
  pairs: readonly [Answer, Answer][],
): Promise<HandlerComparison["rows"]> {
  const withRows = pairs.filter(([one, other]) => one.rows !== undefined && other.rows !== undefined);
  if (withRows.length === 0) return undefined;
  const { readParquet } = await import("./parquet.ts");
  const { joinRows } = await import("./flipped-rows.ts");
  const rows = { tasks: 0, common: 0, different: 0 };
  for (const [one, other] of withRows.slice(0, tablesOfTasks)) {
    const read = async ({ rows: digest = "", project }: Answer) =>
      readParquet(await download(server, digest, { project: project ?? "" }));
    const { common, flipped } = joinRows(await read(one), await read(other));
    rows.tasks += 1;
    rows.common += common;
    rows.different += flipped.length;
  }
  return rows;
}
