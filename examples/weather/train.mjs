// A random forest on Seattle's weather: two tables in, a model, predictions and metrics out.
// Under Jackfield the paths come in JACKFIELD_*. Alone, `node train.mjs` fits 2012–2014, predicts 2015, writes to out/.
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { RandomForestClassifier } from "ml-random-forest";

/** @typedef {Record<string, string>} Row */

const { env } = process;
const out = env["JACKFIELD_OUT"] ?? "out";
const trees = Number(env["JACKFIELD_PARAM_TREES"] ?? 100);
const random = randomNumbers(Number(env["JACKFIELD_SEED"] ?? 1));

const { train, test } = readTables();
const classes = [...new Set(train.map((row) => row["weather"] ?? ""))].sort();

const forest = [];
/** @type {number[][]} one list of votes a tree, one vote a test row */
const votes = [];
for (let tree = 1; tree <= trees; tree += 1) {
  const fitted = fitTree();
  votes.push(fitted.predict(test.map(features)));
  forest.push(fitted.toJSON());
  if (tree % 20 === 0) progress(tree / trees, `${tree} of ${trees} trees`);
}

mkdirSync(out, { recursive: true });
writeFileSync(`${out}/model`, JSON.stringify({ classes, forest }));
writeFileSync(`${out}/predictions.csv`, predictions());
writeFileSync(`${out}/metrics.json`, JSON.stringify({ trees, rows: train.length, classes: classes.length }));

/** The package tries a split between all neighbours, so its time grows with rows²: each tree sees a small draw. */
function fitTree() {
  const draw = Array.from({ length: 250 }, () => train[Math.floor(random() * train.length)] ?? {});
  const fitted = new RandomForestClassifier({
    nEstimators: 1,
    seed: Math.floor(random() * 2 ** 31),
    useSampleBagging: false,
    maxFeatures: 0.8,
    replacement: false,
    treeOptions: { minNumSamples: 8, maxDepth: 8 },
  });
  const labels = draw.map((row) => classes.indexOf(row["weather"] ?? ""));
  fitted.train(draw.map(features), labels);
  return fitted;
}

/** @param {Row} row */
function features(row) {
  const date = row["date"] ?? "";
  const dayOfYear = (Date.parse(date) - Date.parse(`${date.slice(0, 4)}-01-01`)) / 86_400_000;
  return [row["precipitation"], row["temp_max"], row["temp_min"], row["wind"], dayOfYear].map(Number);
}

/** One vote for each class beforehand: nobody knows that it will never snow. */
function predictions() {
  const header = ["__row_id", "prediction", ...classes.map((name) => `p_${name}`)];
  const lines = test.map((row, index) => {
    const counts = classes.map((_, label) => votes.filter((tree) => tree[index] === label).length);
    const prediction = classes[counts.indexOf(Math.max(...counts))];
    return [row["__row_id"], prediction, ...counts.map((count) => (count + 1) / (trees + classes.length))];
  });
  return [header, ...lines].map((line) => `${line.join(",")}\n`).join("");
}

function readTables() {
  const { JACKFIELD_IN_TRAIN_CSV: trainPath, JACKFIELD_IN_TEST_CSV: testPath } = env;
  if (trainPath && testPath) return { train: readTable(trainPath), test: readTable(testPath) };
  if (env["JACKFIELD_CONTRACT"]) throw new Error("the task brought no tables");
  const rows = readTable("data/seattle-weather.csv");
  for (const row of rows) row["__row_id"] = row["date"] ?? "";
  const is2015 = rows.map((row) => String(row["date"]).startsWith("2015"));
  return { train: rows.filter((_, at) => !is2015[at]), test: rows.filter((_, at) => is2015[at]) };
}

/**
 * @param {string} path of a CSV file without quotes
 * @returns {Row[]}
 */
function readTable(path) {
  const [header = "", ...lines] = readFileSync(path, "utf8").trim().split(/\r?\n/);
  const names = header.split(",");
  return lines.map((line) =>
    Object.fromEntries(line.split(",").map((value, at) => [names[at] ?? "", value])),
  );
}

/** @param {number} fraction @param {string} message */
function progress(fraction, message) {
  const file = env["JACKFIELD_PROGRESS"];
  if (file) appendFileSync(file, `${JSON.stringify({ fraction, message })}\n`);
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). @param {number} seed */
function randomNumbers(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
