// A good trainer (rain when it rained), and with a word on its command line one that does exactly one thing wrong.
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const { env } = process;
const [fault = "", beside = ""] = process.argv.slice(2);
const out = env["JACKFIELD_OUT"] ?? "";

const says = (/** @type {string} */ line) => appendFileSync(env["JACKFIELD_PROGRESS"] ?? "", `${line}\n`);
const read = (/** @type {string | undefined} */ path) => {
  const [head = "", ...lines] = readFileSync(path ?? "", "utf8")
    .trim()
    .split("\n");
  const names = head.split(",");
  return lines.map((line) =>
    Object.fromEntries(line.split(",").map((value, at) => [names[at] ?? "", value])),
  );
};

if (fault === "deaf") process.on("SIGTERM", () => undefined);
if (fault === "lock") {
  if (existsSync("train.lock")) throw new Error("somebody else trains here");
  writeFileSync("train.lock", "");
}
if (fault === "strict") {
  const odd = Object.keys(env).find((name) => name.startsWith("JACKFIELD_PARAM_"));
  if (odd !== undefined) throw new Error(`unknown parameter ${odd}`);
}
if (env["JACKFIELD_IN_TRAIN_CSV"] === undefined) {
  if (fault === "verdict") {
    writeFileSync(`${out}/model`, "none");
    writeFileSync(`${out}/predictions.csv`, "__row_id,prediction\n");
    process.exit(5);
  }
  if (fault === "impatient") process.exit(75);
  if (fault !== "careless") throw new Error("there is no training table");
}

const train = fault === "careless" ? [] : read(env["JACKFIELD_IN_TRAIN_CSV"]);
const test = fault === "careless" ? [] : read(env["JACKFIELD_IN_TEST_CSV"]);
says('{"fraction":0.2,"message":"read"}');
if (fault === "backwards") {
  await delay(700);
  says('{"fraction":0.1}');
  await delay(200);
}
if (fault === "wrong-file") console.log('{"fraction":0.5,"message":"epoch 1"}');
if (fault === "bad-line") says("fraction: 0.5");
const slow = ["lock", "deaf", "patient"].includes(fault);
if (slow) await delay(fault === "deaf" ? 30_000 : 700);

/** @type {Map<string, string>} */
const known = new Map();
if (fault === "cheat") for (const row of read(beside)) known.set(row["date"] ?? "", row["weather"] ?? "");

const classes = ["rain", "sun"];
const rows = test.map((row, index) => {
  let prediction = Number(row["precipitation"]) > 0 ? "rain" : "sun";
  if (fault === "random") prediction = classes[Math.floor(Math.random() * 2)] ?? "";
  if (fault === "row-id") prediction = classes[parseInt(row["__row_id"]?.slice(0, 4) ?? "", 16) % 2] ?? "";
  if (fault === "cheat") prediction = known.get(row["date"] ?? "") ?? prediction;
  if (fault === "other-class" && index === 7) prediction = "hurricane";
  const shares = fault === "shares" ? [0.9, 0.9] : [0.75, 0.25];
  return [row["__row_id"], prediction, ...shares].join(",");
});
if (fault === "row-missing") rows.pop();
if (fault === "row-twice") rows.push(rows[0] ?? "");

if (fault !== "no-model")
  writeFileSync(`${out}/model`, fault === "empty" ? "" : `rain of ${train.length} days`);
writeFileSync(`${out}/predictions.csv`, ["__row_id,prediction,p_rain,p_sun", ...rows, ""].join("\n"));
if (fault === "not-a-number") writeFileSync(`${out}/metrics.json`, '{"loss": NaN}');
if (fault === "elsewhere") writeFileSync("model.bin", "here it is");
if (fault === "lock") rmSync("train.lock");
says('{"fraction":1}');
