// Third-party tools that take minutes to install, and the package as others get it.
import { execFile, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { command } from "jackfield/command";
import { pythonForThisFile } from "../../test/bed/python.ts";
import { until } from "../../test/bed/until.ts";
import { weatherWorld, examples } from "../../test/journeys/majority.ts";
import { atTheEnd, collect, stopProcess } from "../../test/journeys/world.ts";

const execute = promisify(execFile);
const python = pythonForThisFile("requirements-long");
const timeout = 300_000;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-tools-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test(
  "LightGBM behind train passes on the sample task, and tells how far it is",
  { timeout },
  async (context) => {
    const said = { out: "", err: "" };
    const words = ["handle", "train", "--try", "--json", "--", "python", join(examples, "lightgbm_train.py")];
    const exit = await command(words, {
      stdout: { write: (text) => (said.out += text.toString()) },
      stderr: { write: (text) => (said.err += text.toString()) },
      env: { PATH: `${python(context).bin}:/usr/bin:/bin` },
      cwd: () => folder,
      on: () => undefined,
    });
    expect(exit, said.err + said.out).toBe(0);
    const told = JSON.parse(said.out) as { predictions: { accuracy: number } };
    expect(told).toMatchObject({ model: { name: "model.txt" }, predictions: { rows: 365 }, problems: [] });
    expect(told.predictions.accuracy).toBeGreaterThan(0.8);
  },
);

test("explain by scikit-learn says how much each number tells", { timeout }, async (context) => {
  await writeFile(
    join(folder, "predictions.csv"),
    "__row_id,prediction\n" + days((day) => (day % 2 === 0 ? "sun" : "rain")),
  );
  await writeFile(
    join(folder, "rows.csv"),
    "__row_id,rain,noise\n" + days((day) => `${day % 2},${(day * 7) % 5}`),
  );
  const env = { PATH: process.env["PATH"], JACKFIELD_IN: folder, JACKFIELD_OUT: join(folder, "out") };
  await execute(python(context).python, [join(examples, "explain.py")], { cwd: folder, env });
  const { importance } = JSON.parse(await readFile(join(folder, "out/output.json"), "utf8")) as {
    importance: Record<string, number>;
  };
  expect(importance["rain"]).toBeGreaterThan(0.7);
  expect(importance["noise"]).toBeLessThan(0.2);
});

const days = (valueOf: (day: number) => string): string =>
  Array.from({ length: 60 }, (_, day) => `d${day},${valueOf(day)}\n`).join("");

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo; // of a TCP server that listens
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test(
  "each run of a project is mirrored to a real MLflow server, once",
  { timeout: 2 * timeout },
  async (context) => {
    const program = python(context).python;
    const url = `http://127.0.0.1:${await freePort()}`;
    const begin = (words: string[], env: Record<string, string>) => {
      const child = spawn(program, words, {
        cwd: folder,
        env: { PATH: process.env["PATH"], HOME: folder, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      atTheEnd(() => stopProcess(child));
      return { child, said: collect(child) };
    };
    const server = [
      "-m",
      "mlflow",
      "server",
      "--host",
      "127.0.0.1",
      "--port",
      new URL(url).port,
      "--workers",
      "1",
    ];
    const started = begin([...server, "--backend-store-uri", `sqlite:///${folder}/mlflow.db`], {});
    const world = await weatherWorld();
    await world.type("run", "weather/seattle");
    await until("MLflow", async () => (await fetch(`${url}/health`)).ok, {
      withinMs: timeout,
      everyMs: 200,
    }).catch((error: unknown) => {
      throw new Error(started.said.err, { cause: error });
    });
    const mirror = (): ReturnType<typeof begin> =>
      begin([join(examples, "mlflow_mirror.py"), "weather"], {
        JACKFIELD_URL: world.url,
        MLFLOW_TRACKING_URI: url,
      });
    const first = mirror();
    await until("the first run", () => first.said.out.includes("seattle-1 errored"), {
      withinMs: 120_000,
    }).catch((error: unknown) => {
      throw new Error(first.said.err, { cause: error });
    });
    await stopProcess(first.child);
    await world.type("run", "weather/seattle", "--seed", "7");
    const second = mirror();
    await until("the second run", () => second.said.out.includes("seattle-2 errored"), { withinMs: 120_000 });
    expect(second.said.out).not.toContain("seattle-1");
    const answer = await fetch(`${url}/api/2.0/mlflow/runs/search`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ experiment_ids: ["0", "1"] }),
    });
    const { runs } = (await answer.json()) as {
      runs: {
        info: { run_name: string; status: string };
        data: { params: { key: string; value: string }[] };
      }[];
    };
    expect(runs.map(({ info }) => [info.run_name, info.status]).sort()).toEqual([
      ["seattle-1", "FAILED"],
      ["seattle-2", "FAILED"],
    ]);
    const seeds = runs.map(({ data }) => data.params.find(({ key }) => key === "seed")?.value);
    expect(seeds).toContain("7");
  },
);

test("its types are complete, and find a mistake of who uses it", { timeout }, async (context) => {
  const { python: program } = python(context);
  const check = (...words: string[]) =>
    execute(program, ["-m", "mypy", "--strict", ...words], { cwd: import.meta.dirname });
  const { stdout } = await check("--cache-dir", folder, "jackfield");
  expect(stdout).toContain("Success: no issues found");
  const mistaken = check("--cache-dir", folder, "fixture/contract.py");
  await expect(mistaken).rejects.toMatchObject({
    stdout: expect.stringContaining('"str"; expected "float"') as string,
  });
  await expect(mistaken).rejects.toMatchObject({
    stdout: expect.stringContaining("Found 1 error") as string,
  });
});

test("a wheel of it holds everything that it needs", { timeout }, async (context) => {
  const { python: program } = python(context);
  const source = join(folder, "source");
  await mkdir(source);
  for (const name of ["pyproject.toml", "README.md", "jackfield"])
    await cp(join(import.meta.dirname, name), join(source, name), { recursive: true, dereference: true });
  const pip = (...words: string[]) => execute(program, ["-m", "pip", ...words], { cwd: folder });
  await pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, source);
  const [wheel = ""] = (await readdir(folder)).filter((name) => name.endsWith(".whl"));
  await pip("install", "--no-deps", "--no-index", "--target", join(folder, "site"), join(folder, wheel));
  const script =
    "import jackfield; from jackfield import task, serve; print(jackfield.__file__, len(task.rows('test')))";
  const env = { PATH: process.env["PATH"], PYTHONPATH: join(folder, "site") };
  const { stdout } = await execute(program, ["-c", script], { cwd: folder, env });
  expect(stdout.trim()).toBe(`${join(folder, "site/jackfield/__init__.py")} 365`);
});
