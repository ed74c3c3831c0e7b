/** Programs under `train:`, in plain Node, that do what a story needs and nothing else. */

const begin = `
import { readFileSync, writeFileSync, writeSync } from "node:fs";
const { JACKFIELD_OUT: out, JACKFIELD_IN_TEST_CSV: test } = process.env;
const ids = readFileSync(test, "utf8").trim().split("\\n").slice(1).map((line) => line.split(",")[0]);
const predict = (rows) => writeFileSync(out + "/predictions.csv", ["__row_id,prediction", ...rows].join("\\n"));
const model = () => writeFileSync(out + "/model", "the same for every day");
`;

/** Predicts rain for every day; may take some milliseconds first. */
export const sameAnswer = `${begin}
await new Promise((resolve) => setTimeout(resolve, Number(process.argv[2] ?? 0)));
model();
predict(ids.map((id) => id + ",rain"));
`;

export const program = (body: string): string => begin + body;

/** `node slow.mjs NOTE MILLISECONDS`: like the same answer, but notes the signal that ends it. */
export const stubborn = `${begin}
import { appendFileSync } from "node:fs";
const [note, milliseconds] = process.argv.slice(2);
process.on("SIGTERM", () => { writeFileSync(note, "SIGTERM"); process.exit(0); });
appendFileSync(process.env.JACKFIELD_PROGRESS, JSON.stringify({ message: "at work" }) + "\\n");
await new Promise((resolve) => setTimeout(resolve, Number(milliseconds)));
model();
predict(ids.map((id) => id + ",rain"));
`;
