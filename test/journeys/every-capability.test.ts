// The sentence that this project is: for each capability a tool that is not ours takes the built-in's place, and nothing else changes.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { beforeAll, describe, expect, test } from "vitest";
import { shortType } from "@jackfield/spec/event/type";
import { finishedData } from "@jackfield/spec/event/task";
import { handlerRegistered } from "@jackfield/spec/facts/handler";
import { until } from "../bed/until.ts";
import { program } from "./programs.ts";
import {
  atTheEnd,
  collect,
  emptyFolder,
  house,
  jackfield,
  projectFile,
  projectWith,
  stopProcess,
  World,
} from "./world.ts";

const handlers = join(house, "examples/handlers");

/** It rains when something falls: right on more than 0.7 of the days. */
const rain = program(`
const [head, ...rows] = readFileSync(test, "utf8").trim().split("\\n").map((line) => line.split(","));
model();
predict(rows.map((row) => row[0] + (Number(row[head.indexOf("precipitation")]) > 0 ? ",rain" : ",sun")));
`);

interface Foreign {
  name: string;
  /** Behind the pull door: a command. Else a program of its own that speaks NATS by the SDK. */
  command?: string[];
  program?: string;
}

/** A capability of ours and who takes its place; one without a foreign handler fails the test of the list. */
const foreign: Readonly<Record<string, Foreign>> = {
  fetch: { name: "duckfile", program: "examples/handlers/fetch_duckdb" },
  split: { name: "plain", command: ["node", "split_plain.mjs"] },
  train: { name: "logistic", program: "examples/weather/logistic" },
  evaluate: { name: "awkward", command: ["bash", "evaluate_awk.sh"] },
};

let world: World;
let settings: Record<string, string>;
let usual: number;

beforeAll(async () => {
  const file = `${projectFile("node train.mjs")}gate: { accuracy: ">= 0.70" }\n`;
  const folder = await projectWith("node train.mjs", { "jackfield.yaml": file, "train.mjs": rain });
  settings = { WEATHER_DUCKDB: await duckFile(join(folder, "data/seattle-weather.csv")) };
  world = await World.begin({ folder });
  await world.did("apply");
  usual = await accuracyOfRun();
});

async function duckFile(csv: string): Promise<string> {
  const path = join(await emptyFolder(), "weather.duckdb");
  const duck = await (await DuckDBInstance.create(path)).connect();
  await duck.run(`create table days as select * from read_csv('${csv}')`);
  duck.closeSync();
  return path;
}

/** Starts a handler in a process of its own, and waits until it is known. */
async function begin(capability: string, { name, command, program: own }: Foreign): Promise<void> {
  const words =
    own === undefined
      ? [jackfield, "handle", capability, "--name", name, "--project", "weather", "--", ...(command ?? [])]
      : [join(house, `dist/${own}.mjs`)];
  const place =
    own === undefined ? { JACKFIELD_URL: world.url } : await world.settingsOf("weather", name, [capability]);
  const child = spawn(process.execPath, words, {
    cwd: handlers,
    env: { PATH: process.env["PATH"], ...place, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  atTheEnd(() => stopProcess(child));
  const said = collect(child);
  const isKnown = (data: unknown): boolean => handlerRegistered.data.parse(data).handler === name;
  await world
    .happened("handler.registered", ({ data }) => isKnown(data))
    .catch((cause: unknown) => {
      throw new Error(`${name} did not come: ${said.out}${said.err}`, { cause });
    });
}

/** One run of the whole life; its accuracy. */
async function accuracyOfRun(): Promise<number> {
  const { exit, out, err } = await world.type("run", "weather/seattle", "--no-cache");
  expect(exit, err + out).toBe(0);
  return Number(/accuracy (0\.\d+)/.exec(out)?.[1]);
}

const answeredBy = (capability: string): string[] =>
  world.events
    .filter(({ type }) => shortType(type) === `${capability}.finished`)
    .map(({ handler = "" }) => handler);

test("each capability of ours has a foreign handler, and the README names it", () => {
  const own = readdirSync(join(house, "spec/capabilities"))
    .filter((file) => /^[a-z]+\.ts$/.test(file))
    .map((file) => file.slice(0, -3));
  expect(Object.keys(foreign).sort()).toEqual(own.sort());
  const readme = readFileSync(join(handlers, "README.md"), "utf8");
  for (const { name, program: path, command = [] } of Object.values(foreign))
    expect(readme, name).toContain(path?.split("/").at(-1) ?? command.at(-1));
});

describe("a foreign handler takes the place of", () => {
  test.each(Object.entries(foreign))(
    "%s, and the verdict is the same",
    async (capability, handler) => {
      await begin(capability, handler);
      await world.did("bind", `${capability}=${handler.name}`);
      expect(Math.abs((await accuracyOfRun()) - usual)).toBeLessThan(0.1);
      expect(answeredBy(capability).at(-1)).toBe(handler.name);
      await world.did("bind", capability, "--undo");
    },
    40_000,
  );

  test("all of them at once, too", async () => {
    for (const [capability, { name }] of Object.entries(foreign))
      await world.did("bind", `${capability}=${name}`);
    await accuracyOfRun();
    for (const [capability, { name }] of Object.entries(foreign))
      expect(answeredBy(capability).at(-1)).toBe(name);
    for (const capability of Object.keys(foreign)) await world.did("bind", capability, "--undo");
  });
});

describe("a binding by hand", () => {
  test("is held against the file, with who, why and until when, until the file is taken", async () => {
    await world.did("bind", "train=logistic", "--reason", "cheaper", "--until", "1h");
    expect(await world.did("bind")).toMatch(/train +logistic .*weather +ana .*cheaper/);
    const held = await world.type("apply");
    expect(held.exit).toBe(0);
    expect(held.err).toMatch(
      /E_HELD {2}train stays logistic for weather\n.*bound by ana, .*until .*\(cheaper\)/,
    );
    expect((await world.type("apply", "--dry-run")).exit).toBe(5);
    await world.did("apply", "--take-file");
    expect((await world.type("apply", "--dry-run")).exit).toBe(0);
    expect(await world.did("show", "train")).toMatch(
      /answered by command[^]*weather +logistic +.*ana +cheaper/,
    );
  });

  test("goes into the file on request, and is in force from there", async () => {
    await world.did("bind", "train=logistic", "--write");
    await world.did("apply");
    await world.did("bind", "train", "--remove");
    expect(await world.did("bind")).toMatch(/train +logistic +jackfield\.yaml/);
    await world.did("bind", "train=command", "--write");
    expect((await world.type("bind", "train=command", "--write", "--on", "weather/seattle")).exit).toBe(2);
    await world.did("apply");
    await world.did("bind", "train", "--remove");
  });

  test("is refused for a handler that speaks another contract", async () => {
    const contracts = { train: { from: "0.1.0", to: "0.9.0" } };
    const body = JSON.stringify({
      version: "old",
      contracts,
      project: "weather",
      instance: "i",
      concurrency: 1,
    });
    const headers = { "content-type": "application/json" };
    const registered = await fetch(`${world.url}/v1/handlers/old`, { method: "POST", headers, body });
    expect(registered.status).toBe(200);
    expect((await world.type("bind", "train=old")).err).toContain(
      "E_CONTRACT  old speaks train 0.1.0 to 0.9.0",
    );
  });
});

test("a shadow is compared with whom it shadows, and ls handlers tells who answered last", async () => {
  await world.did("bind", "train=logistic", "--shadow");
  await accuracyOfRun();
  await world.happened("train.finished", ({ role }) => role === "shadow");
  const compared = () => world.type("diff", "command", "logistic");
  const { out } = await until("both answers are in the log", async () => {
    const said = await compared();
    return said.exit === 0 ? said : undefined;
  });
  expect(out).toMatch(
    /train · 1 task answered by both · 1 alike · \d+ of 365 rows predicted differently in 1 task/,
  );
  await world.did("bind", "train", "--remove", "logistic");
  expect(await world.did("ls", "handlers")).toMatch(
    /awkward .*evaluate 1\.0\.0 .*here .*pass [\d:]+ +0 of \d/,
  );
});

const workflow = `workflow:
  fetch: { with: { source: /configuration/fetch, file: /run/files/fetch } }
  split: { needs: fetch, with: { dataset: /fetch/dataset, rule: /configuration/split, target: /configuration/target, seed: /run/splitSeed } }
  train: { needs: split, with: { dataset: /split/parts, target: /configuration/target, command: /configuration/train/command, inputs: /configuration/train/inputs, seed: /run/seed, code: /run/code/tree } }
  explain: { needs: [train], with: { rows: /split/parts/test, predictions: /train/predictions } }
`;

test("a verb of one's own is published at run time, asked for in a workflow, and a bad answer is refused by name", async () => {
  expect(await world.did("apply", join(handlers, "explain.json"))).toContain(
    "published capability explain 1.0.0",
  );
  expect(await world.did("apply", join(handlers, "explain.json"))).toContain("unchanged");
  await begin("explain", { name: "eta", command: ["bash", "explain_eta.sh"] });
  await writeFile(join(world.folder, "jackfield.yaml"), `${projectFile("node train.mjs")}${workflow}`);
  await world.did("apply");
  const first = await world.type("run", "weather/seattle");
  expect(first.exit, first.err + first.out).toBe(0);
  const explained = world.events.find(({ type }) => shortType(type) === "explain.finished");
  const { importance } = finishedData.parse(explained?.data).outputs as {
    importance: Record<string, number>;
  };
  expect(importance["precipitation"]).toBeGreaterThan(importance["wind"] ?? 1);

  const liar = ["bash", "-c", `echo '{"importance":{"wind":"much"}}' > "$JACKFIELD_OUT/output.json"`];
  await begin("explain", { name: "liar", command: liar });
  await world.did("bind", "explain=liar");
  const second = await world.type("run", "weather/seattle");
  expect(second.exit, second.out).toBe(11);
  expect(second.out + second.err).toContain("/outputs/importance/wind");
});
