// The package in scripts: under the command contract, and run by hand.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test, type TestContext } from "vitest";
import { command } from "jackfield/command";
import { pythonForThisFile } from "../../test/bed/python.ts";

const execute = promisify(execFile);
const handlers = resolve(import.meta.dirname, "../../examples/handlers");

const python = pythonForThisFile("requirements");

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-script-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** `jackfield handle train --try -- python SCRIPT`, in a folder of its own. */
async function tried(context: TestContext, script: string) {
  const { bin } = python(context);
  const said = { out: "", err: "" };
  const exit = await command(["handle", "train", "--try", "--json", "--", "python", script], {
    stdout: { write: (text) => (said.out += text.toString()) },
    stderr: { write: (text) => (said.err += text.toString()) },
    env: { PATH: `${bin}:/usr/bin:/bin` },
    cwd: () => folder,
    on: () => undefined,
  });
  return { exit, ...said, json: said.out === "" ? {} : (JSON.parse(said.out) as Record<string, unknown>) };
}

/** A script by hand, with nothing of Jackfield in its environment. */
async function alone(context: TestContext, source: string, ...words: string[]) {
  const { python: program } = python(context);
  await writeFile(join(folder, "script.py"), source);
  const env = { PATH: process.env["PATH"] };
  return execute(program, ["script.py", ...words], { cwd: folder, env });
}

test("scikit-learn behind train: an unchanged script of a dozen lines passes on the sample task", async (context) => {
  const { exit, json, err } = await tried(context, join(handlers, "sklearn_train.py"));
  expect(exit, err).toBe(0);
  expect(json).toMatchObject({
    outcome: "pass",
    model: { name: "model.joblib" },
    predictions: { rows: 365 },
    problems: [],
  });
  expect((json["predictions"] as { accuracy: number }).accuracy).toBeGreaterThan(0.8);
});

test("the first example of the README runs by hand, on the same sample, and leaves the same in out/", async (context) => {
  const readme = await readFile(join(import.meta.dirname, "README.md"), "utf8");
  const [, source = ""] = /```python\n([^`]+)```/.exec(readme) ?? [];
  const { stderr } = await alone(context, source);
  expect(stderr).toContain("by hand, on the sample task");
  const predictions = await readFile(join(folder, "out/predictions.csv"), "utf8");
  expect(predictions.split("\n")[0]).toBe("__row_id,prediction,p_drizzle,p_fog,p_rain,p_snow,p_sun");
  expect(predictions.trim().split("\n")).toHaveLength(366);
});

test("by hand it takes --in DIR, and needs no package where rows are enough", async (context) => {
  const source = `
import sys
from jackfield import task
assert "pandas" not in sys.modules and "nats" not in sys.modules
task.predictions(task.rows("test"), ["yes"])
task.metrics(rows=len(task.rows("train")), depth=task.params["depth"])
print(task.target, task.seed, sys.argv[1:])
`;
  await writeFile(join(folder, "train.csv"), "__row_id,x,y\na,1,yes\nb,2,no\n");
  await writeFile(join(folder, "test.csv"), "__row_id,x\nc,3\n");
  await writeFile(join(folder, "task.json"), '{"target":"y","seed":7,"params":{"depth":3}}');
  const { stdout } = await alone(context, source, "--in", folder, "--own");
  expect(stdout.trim()).toBe("y 7 ['--own']");
  expect(await readFile(join(folder, "out/predictions.csv"), "utf8")).toBe("__row_id,prediction\nc,yes\n");
  expect(JSON.parse(await readFile(join(folder, "out/metrics.json"), "utf8"))).toEqual({ rows: 2, depth: 3 });
});

test.for([
  ["an input that is not there", 'task.table("weather")', "it has test, train"],
  ["predictions that do not cover the test", 'task.predictions(task.rows("test"), ["sun"])', "every row"],
])("%s is refused with the way out", async ([, line = "", words = ""], context) => {
  await writeFile(join(folder, "wrong.py"), `from jackfield import task\n${line}\n`);
  const { exit, out, err } = await tried(context, "wrong.py");
  expect(exit).not.toBe(0);
  expect(out + err).toContain(words);
});
