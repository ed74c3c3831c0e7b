import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parameterVariables, type ContractTask } from "./contract.ts";
import { findEnvironment } from "./found-environment.ts";
import { requireModel, requirePredictions } from "./outputs.ts";
import { runContract, succeeded, type ContractEnd, type ContractRun } from "./run-contract.ts";
import { openWorkingFolder } from "./working-folder.ts";

let place: string;

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "jackfield-contract-"));
});
afterEach(() => rm(place, { recursive: true, force: true }));

const task: ContractTask = {
  capability: "train",
  task: "seattle-57/train",
  run: "seattle-57",
  project: "weather",
  subproject: "seattle",
  attempt: 1,
  role: "primary",
  deadline: "2026-01-01T00:00:00Z",
  seed: 7,
  target: "weather",
  params: { trees: 100, "learning rate": 0.1, nested: { depth: 3 } },
  inputs: { train: { path: "/in/train.parquet", csv: "/in/train.csv" } },
};

async function underContract(script: string, more: Partial<ContractRun> = {}): Promise<ContractEnd> {
  const folder = await openWorkingFolder(join(place, "work"), "seattle-57/train/1");
  return runContract({
    argv: ["bash", "-c", script],
    task,
    input: { target: "weather" },
    folder,
    environment: await findEnvironment(place),
    basePath: process.env["PATH"] ?? "",
    logs: join(place, "logs"),
    ...more,
  });
}

const problemOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

describe("the environment of a command", () => {
  test("holds the contract's variables and nothing of ours", async () => {
    process.env["JACKFIELD_POSTGRES_URL"] = "postgres://secret@nowhere";
    process.env["AWS_SECRET_ACCESS_KEY"] = "secret";
    const end = await underContract("env | sort > $JACKFIELD_OUT/env.txt");
    delete process.env["JACKFIELD_POSTGRES_URL"];
    delete process.env["AWS_SECRET_ACCESS_KEY"];
    const text = await readFile(succeeded(end).outputs.files[0]?.path ?? "", "utf8");
    expect(text).not.toContain("secret");
    const names = [...text.matchAll(/^(\w+)=/gm)].map((match) => match[1]);
    // What bash itself adds is not ours.
    expect(names.filter((name) => !["PWD", "OLDPWD", "SHLVL", "_"].includes(name ?? ""))).toEqual([
      "HOME",
      ...[
        "ATTEMPT",
        "CAPABILITY",
        "CONTRACT",
        "DEADLINE",
        "IN",
        "IN_TRAIN",
        "IN_TRAIN_CSV",
        "KEY",
        "OUT",
      ].map(jackfield),
      ...["PARAM_LEARNING_RATE", "PARAM_TREES", "PROGRESS", "PROJECT", "ROLE", "RUN", "SEED"].map(jackfield),
      ...["SUBPROJECT", "TARGET", "TASK"].map(jackfield),
      ...["LANG", "LC_ALL", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PATH"],
      ...["PYTHONHASHSEED", "SOURCE_DATE_EPOCH", "TMPDIR", "TZ"],
    ]);
  });

  test("refuses two parameters that would be one variable", () => {
    expect(() => parameterVariables({ "a-b": 1, a_b: 2 })).toThrow("JACKFIELD_PARAM_A_B");
  });

  test("finds a virtual environment and node_modules, links them in, and records their locks", async () => {
    await mkdir(join(place, ".venv", "bin"), { recursive: true });
    await writeFile(join(place, ".venv", "bin", "python"), "#!/bin/sh\necho Python 3.12.1\n");
    await chmod(join(place, ".venv", "bin", "python"), 0o755);
    await writeFile(join(place, "requirements.txt"), "scikit-learn==1.7.2\n");
    await mkdir(join(place, "node_modules", "forest"), { recursive: true });
    await writeFile(join(place, "package-lock.json"), "{}");
    const end = await underContract("", { argv: ["python", "train.py"] });
    expect(end.ended.exit).toBe(0);
    expect(end.environment).toMatchObject({ rebuilt: false, facts: { python: "3.12.1" } });
    expect(Object.keys(end.environment.facts).sort()).toEqual([
      "package-lock.json",
      "platform",
      "python",
      "requirements.txt",
    ]);
    const linked = await underContract("ls $PWD/node_modules > $JACKFIELD_OUT/list");
    expect(await readFile(succeeded(linked).outputs.files[0]?.path ?? "", "utf8")).toBe("forest\n");
  });
});

describe("what a command leaves in out/", () => {
  test("model, predictions, metrics, summary, other files and a verdict", async () => {
    const end = await underContract(`
      cd $JACKFIELD_OUT; mkdir model plots; echo w > model/weights; echo a > plots/a.svg
      echo __row_id,prediction > predictions.csv; echo '{"loss":0.5}' > metrics.json; echo '# good' > summary.md
      echo only so so >&2; exit 6`);
    expect(end).toMatchObject({ status: "succeeded", result: "warning", message: "only so so" });
    const { outputs } = succeeded(end);
    expect(requireModel(outputs)).toMatchObject({ name: "model", folder: true });
    expect(Object.keys(requirePredictions(outputs))).toEqual(["csv"]);
    expect(outputs).toMatchObject({ metrics: { loss: 0.5 }, summary: "# good\n" });
    expect(outputs.files.map(({ name }) => name)).toEqual(["plots/a.svg"]);
  });

  test("exit 5 is a verdict, exit 75 asks for another attempt and may say when", async () => {
    expect(await underContract("echo not better; exit 5")).toMatchObject({
      status: "succeeded",
      result: "fail",
    });
    const later = await underContract(
      `echo '{"code":"BUSY","message":"no GPU is free","retryAfter":30}' > $JACKFIELD_OUT/error.json; exit 75`,
    );
    expect(later.problem).toMatchObject({ code: "E_RETRY_LATER", retryAfterSeconds: 30, retriable: true });
    expect(later.problem?.message).toContain("[BUSY]: no GPU is free");
  });

  test("nothing at all is a missing model and missing predictions, naming what was found", async () => {
    const { outputs } = succeeded(
      await underContract("touch $JACKFIELD_OUT/modell $JACKFIELD_OUT/preds.csv"),
    );
    expect(() => requireModel(outputs)).toThrow("left no model");
    const problem = await problemOf(Promise.resolve().then(() => requirePredictions(outputs)));
    expect(problem).toMatchObject({ code: "E_NO_PREDICTIONS" });
    expect(problem).toHaveProperty("why", expect.stringContaining("Found in out/: modell, preds.csv."));
  });

  test.each([
    ["echo '{\"loss\":NaN}' > metrics.json", "metrics.json", "no JSON"],
    ['echo \'{"loss":{"a":1}}\' > metrics.json', "metrics.json", '"loss" should be a number, not {"a":1}'],
    ["head -c 100 /dev/urandom > output.json", "output.json", "no JSON"],
    ["echo 1 > model.bin; echo 2 > model.txt", "model", "several files could be it: model.bin, model.txt"],
    ["ln -s /etc/passwd model", "model", "neither a file nor a folder"],
    ["mkfifo predictions.csv", "predictions.csv", "neither a file nor a folder"],
  ])("garbage is named: %s", async (script, file, reason) => {
    const problem = await problemOf(underContract(`cd $JACKFIELD_OUT; ${script}`));
    expect(problem).toMatchObject({ code: "E_BAD_OUTPUT", here: `out/${file}` });
    expect(problem).toHaveProperty("message", expect.stringContaining(reason));
  });

  test("the folder is gone afterwards, also when the command closed parts of it", async () => {
    const folder = await openWorkingFolder(place, "t");
    await mkdir(join(folder.out, "closed", "below"), { recursive: true });
    await symlink("/etc", join(folder.out, "link"));
    await chmod(join(folder.out, "closed"), 0o000);
    await folder.close();
    await expect(readFile(join(folder.root, "owner"))).rejects.toThrow("ENOENT");
  });
});

const jackfield = (name: string): string => `JACKFIELD_${name}`;
