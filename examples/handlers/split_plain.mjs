// `split` by a range of one column, in plain Node with no code of ours: jackfield handle split --name plain -- node split_plain.mjs
import { readFileSync, writeFileSync } from "node:fs";

const {
  JACKFIELD_IN: inputs = "in",
  JACKFIELD_IN_DATASET_CSV: dataset = "",
  JACKFIELD_OUT: out = "out",
} = process.env;
/** @typedef {{ rule: { method: string, column: string, test: string }, target: string, slices: { column: string }[] }} Input */
/** @type {unknown} */
const task = JSON.parse(readFileSync(`${inputs}/task.json`, "utf8"));
const { rule, target, slices } = /** @type {Input} */ (task);
if (rule.method !== "column" || !rule.test.includes("..")) {
  console.error(`only ranges of a column are known here, not ${JSON.stringify(rule)}`);
  process.exit(1);
}

// No cell of these data holds a comma.
const [head = [], ...rows] = readFileSync(dataset, "utf8")
  .trim()
  .split(/\r?\n/)
  .map((line) => line.split(","));
const cell = (/** @type {string[]} */ row, /** @type {string} */ column) => row[head.indexOf(column)] ?? "";
const [from = "", to = ""] = rule.test.split("..");
const isTest = (/** @type {string[]} */ row) => {
  const value = cell(row, rule.column);
  return (from === "" || value >= from) && (to === "" || value <= to);
};
const test = rows.filter(isTest);
const train = rows.filter((row) => !isTest(row));

/** @type {(name: string, columns: string[], table: string[][]) => void} */
const write = (name, columns, table) => {
  const lines = table.map((row) => columns.map((column) => cell(row, column)).join(","));
  writeFileSync(`${out}/${name}`, `${[columns.join(","), ...lines].join("\n")}\n`);
};
const judged = slices.map(({ column }) => column);
write("train.csv", head, train);
write("test.csv", head.filter((column) => column !== target), test); // prettier-ignore
write("truth.csv", [...new Set(["__row_id", target, ...judged])], test);

/** @type {Record<string, number>} */
const counts = {};
for (const row of train) counts[cell(row, target)] = (counts[cell(row, target)] ?? 0) + 1;
const most = Math.max(...Object.values(counts));
const output = {
  parts: { train: { file: "train.csv" }, test: { file: "test.csv" } },
  truth: { file: "truth.csv" },
  method: "column",
  usual: { classes: Object.keys(counts).filter((name) => counts[name] === most) },
  leakage: { rows: { train: train.length, test: test.length, left: 0 }, twins: 0 },
};
writeFileSync(`${out}/output.json`, JSON.stringify(output));
