import { Problem } from "@jackfield/problem/problem";
import { causeLines, compareRuns, type Comparison } from "../compare.ts";
import { exit } from "../exit.ts";
import { compareRows, type RowComparison } from "../flipped-rows.ts";
import { compareHandlers, type HandlerComparison } from "../compare-handlers.ts";
import { findRun, projectOf } from "../lookup.ts";
import { parseRef } from "../refs.ts";
import { testLines } from "../row-tests.ts";
import type { Server } from "../server.ts";
import type { Call, Verb } from "../verb.ts";
import { many, metricWords, number, seconds, table } from "../words.ts";

const shownRows = 20;

export const verb: Verb = {
  name: "diff",
  group: "see",
  takes: "A B",
  does: "two runs: what went in differently, what came out, which rows flipped; two handlers: what both answered",
  flags: { rows: { says: "list the test rows that are predicted differently" } },
  run: async (call) => {
    const [first, second, ...more] = call.refs;
    if (first === undefined || second === undefined || more.length > 0)
      throw new Problem("E_USAGE", "diff takes two runs, or two handlers", {
        next: "jackfield diff seattle-1 seattle-2",
      });
    const server = await call.server();
    if (parseRef(first).kind === "name" && parseRef(second).kind === "name")
      return diffHandlers(call, server, [first, second]);
    const [a, b] = await Promise.all([findRun(call, server, first), findRun(call, server, second)]);
    const comparison = compareRuns(a.tree, b.tree);
    const rows = await compareRows(server, a.tree, b.tree);
    call.out.show({ ...comparison, rows }, () => textFor(comparison, rows, call.flags.on("rows")));
    return exit.pass;
  },
};

async function diffHandlers(call: Call, server: Server, pair: [string, string]): Promise<number> {
  const comparison = await compareHandlers(server, pair, projectOf(call));
  if (comparison.tasks === 0)
    throw new Problem("E_NOT_FOUND", `There is no task that both ${pair[0]} and ${pair[1]} answered`, {
      why: "only the newest 500 answers of each are looked at",
      next: `let one shadow the other: jackfield bind CAPABILITY=${pair[1]} --shadow`,
    });
  call.out.show(comparison, () => handlersText(comparison));
  return exit.pass;
}

function handlersText({ handlers, tasks, agreed, failures, rows, ...more }: HandlerComparison): string {
  const inSeconds = (value: number | undefined): string => (value === undefined ? "–" : seconds(value));
  const lines = [
    ["failures", String(failures[0]), String(failures[1]), ""],
    ["work, median", inSeconds(more.seconds[0]), inSeconds(more.seconds[1]), ""],
    ...more.metrics.map(({ metric, from, to }) => [
      metricWords(metric),
      figure(from),
      figure(to),
      from === to ? "" : change(from, to),
    ]),
  ];
  const flipped =
    rows === undefined
      ? ""
      : ` · ${rows.different} of ${many(rows.common, "row")} predicted differently in ${many(rows.tasks, "task")}`;
  return [
    `diff ${handlers.join(" ")}:  ${more.capabilities.join(", ")} · ${many(tasks, "task")} answered by both · ${agreed} alike${flipped}`,
    indent(table(["", ...handlers, ""], lines)),
  ].join("\n");
}

function textFor(
  { runs, causes, metrics }: Comparison,
  rows: RowComparison | undefined,
  list: boolean,
): string {
  const [first = "", ...rest] = causeLines(causes);
  const shown = metrics.map(({ metric, from, to }) => [
    metricWords(metric),
    figure(from),
    figure(to),
    change(from, to),
  ]);
  return [
    `diff ${runs.join(" ")}:  ${first}${rows === undefined ? "" : ` · ${rowWords(rows)}`}`,
    ...rest,
    ...(shown.length === 0 ? ["  no metric is different"] : [indent(table(["", ...runs, ""], shown))]),
    ...testLines(rows?.tests ?? {}).map(indent),
    ...(list && rows !== undefined && rows.flipped.length > 0 ? [indent(flippedTable(rows))] : []),
  ].join("\n");
}

const figure = (value: number | undefined): string => (value === undefined ? "–" : number(value));

const change = (from: number | undefined, to: number | undefined): string =>
  from === undefined || to === undefined ? "" : `${to > from ? "+" : "−"}${number(Math.abs(to - from))}`;

const rowWords = ({ flipped, common, onlyOne }: RowComparison): string => {
  const words = `${many(flipped.length, "row")} flipped${flipped.length > 0 ? ` of ${common}` : ""}`;
  return onlyOne === 0 ? words : `${words}, ${onlyOne} in one run only`;
};

const indent = (text: string): string => text.replaceAll(/^/gm, "  ");

function flippedTable({ flipped }: RowComparison): string {
  const shown = flipped
    .slice(0, shownRows)
    .map(({ row, target, from, to }) => [row, String(target), String(from), String(to)]);
  const more = flipped.length > shownRows ? `\n… and ${flipped.length - shownRows} more: --json has all` : "";
  return table(["row", "truth", "before", "after"], shown) + more;
}
