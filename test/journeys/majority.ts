import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { run } from "@jackfield/spec/ask/tracker";
import { digestOf } from "@jackfield/spec/event/canonical";
import { evaluate } from "@jackfield/spec/evaluate";
import { handlerRegistered } from "@jackfield/spec/facts/handler";
import { train } from "@jackfield/spec/train";
import { atTheEnd, collect, house, projectWith, stopProcess, weather, World } from "./world.ts";

export const examples = join(house, "examples/handlers");

/** A handler outside of everything: which program, and what it is told. */
export interface Program {
  command: string;
  words: string[];
  settings: Record<string, string>;
}

/** The weather project, in which each story binds `train` to another program. */
export async function weatherWorld(options: { isolate?: boolean } = {}): Promise<World> {
  const file = await readFile(join(weather, "jackfield.yaml"), "utf8");
  const folder = await projectWith("false", { "jackfield.yaml": file });
  const world = await World.begin({ folder, ...options });
  await world.did("apply");
  return world;
}

/** Starts a handler in a process of its own, binds train to it, and runs. Answers with what came of it. */
export async function runWith(world: World, name: string, { command, words, settings }: Program) {
  const child = spawn(command, words, {
    cwd: examples,
    env: {
      PATH: process.env["PATH"],
      TMPDIR: process.env["TMPDIR"],
      JACKFIELD_PROJECT: "weather",
      ...settings,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  atTheEnd(() => stopProcess(child));
  const said = collect(child);
  const isIt = ({ data }: { data?: unknown }): boolean => handlerRegistered.data.parse(data).handler === name;
  await world.happened("handler.registered", isIt, 60_000).catch((error: unknown) => {
    throw new Error(`${name} did not come: ${said.out}${said.err}`, { cause: error });
  });
  await world.did("bind", `train=${name}`);
  const { exit, out, err } = await world.type("run", "weather/seattle", "--no-cache");
  // Always the same answer does not pass the gate; that is a verdict, not an error.
  expect(exit, `${err}${out}${said.err}`).toBe(5);
  const { tasks } = run.answer.parse(JSON.parse((await world.type("show", "@last", "--json")).out));
  const outputsOf = (step: string): unknown => tasks.find((task) => task.step === step)?.outputs;
  expect(tasks.find(({ step }) => step === "train")?.attempts[0]?.handler).toBe(name);
  const { model, predictions } = train.output.parse(outputsOf("train"));
  const { results, metrics } = evaluate.output.parse(outputsOf("evaluate"));
  return { model, predictions, results, metrics };
}

/** What must be the same for every language: the model, the predictions as text, and what evaluate made of them. */
export async function sameness(
  world: World,
  { model, predictions, results, metrics }: Awaited<ReturnType<typeof runWith>>,
): Promise<string> {
  expect(predictions).toMatchObject({ rows: 365, columns: [{ name: "prediction", type: "string" }] });
  expect(metrics["accuracy"]).toBeCloseTo(0.395, 3);
  const answer = await fetch(`${world.url}/v1/artifacts/${predictions.digest}?project=weather&format=csv`);
  expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  return [model.digest, digestOf(await answer.text()), results.digest].join(" ");
}
