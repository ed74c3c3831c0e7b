import { openArtifacts } from "@jackfield/artifacts/artifacts";
import { answer, applied, weatherConfiguration } from "@jackfield/lifecycle/story-events";
import { askService } from "@jackfield/service/answer";
import { on, type Handler } from "@jackfield/service/on";
import type { Task } from "@jackfield/service/task";
import * as ask from "@jackfield/spec/ask/conductor";
import { capability } from "@jackfield/spec/event/contract";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { runFinished } from "@jackfield/spec/facts/run";
import { foreachOutputs, jsonLinesType } from "@jackfield/spec/project/foreach";
import type { Step } from "@jackfield/spec/project/workflow";
import { expect, test } from "vitest";
import { z } from "zod";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { forEachStory } from "./story-place.ts";
import type { World } from "./story-world.ts";

const nats = natsForThisFile();
let world: World;
forEachStory({ nats, freshDatabase, prefix }, (fresh) => (world = fresh));

type Values = Record<string, unknown>;
type Work = (input: Values, task: Task) => Promise<Values> | Values;
const values = z.record(z.string(), z.unknown());
/** A handler of a capability that only it knows. */
const own = (name: string, work: Work): Handler =>
  on(
    capability(name, { input: values, output: values, example: { input: {}, output: {} } }),
    async (input, task) => work(input, task),
  );

const plan: Step = { name: "plan", capability: "plan", needs: [], with: {} };
const square: Step = {
  name: "square",
  capability: "square",
  needs: ["plan"],
  with: { n: "/item/n", at: "/index" },
  foreach: { in: "/plan/items" },
};
const again: Step = {
  name: "again",
  capability: "square",
  needs: ["square"],
  with: { n: "/item/outputs/n" },
  foreach: { in: "/square/outputs", limit: 2 },
};

/** A project with these steps, a plan that leads to these lines, and a handler that squares. */
async function withLines(steps: Step[], lines: unknown[], work: Work = squared, slots = 4): Promise<void> {
  const artifacts = await openArtifacts(world.place.artifactsUrl);
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  const items = await artifacts.put(Buffer.from(text), { mediaType: jsonLinesType });
  await world.say(applied({ workflows: { lifecycle: { on: [], steps } } }));
  await world.handler("plan", [own("plan", () => ({ items }))]);
  await world.handler("square", [own("square", work)], slots);
  await world.until("both are registered", () => world.count("handler.registered") === 2);
}

const untilStopped: Work = (_, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))));
const squared = ({ n }: Values): Values => ({ n: Number(n) ** 2 });
const finished = (withinMs = 25_000) =>
  world.until("the run finishes", () => world.count("run.finished") > 0, withinMs);
const joined = (index: number): CloudEvent => world.all("foreach.finished")[index]!;

/** What a foreach left, line by line. */
async function linesOf({ data }: CloudEvent): Promise<Values[]> {
  const { outputs } = foreachOutputs.parse(z.object({ outputs: z.unknown() }).parse(data).outputs);
  const bytes = await (await openArtifacts(world.place.artifactsUrl)).read(outputs.digest);
  const lines = Buffer.from(bytes).toString().trimEnd().split("\n");
  return lines.map((line) => values.parse(JSON.parse(line)));
}
const numbers = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));
const ends = (events: CloudEvent[]) => new Set(events.map(({ subject }) => subject)).size;

test("Each line of an artifact is a task, and a second foreach goes through what the first one left", async () => {
  await world.conductor();
  await withLines([plan, square, again], numbers(30));
  await world.run();
  await finished();
  expect(world.all("run.finished")[0]).toMatchObject({ result: "pass", data: { tasks: { total: 63 } } });
  expect(await linesOf(joined(0))).toEqual(
    numbers(30).map(({ n }) => ({ index: n, outcome: "pass", outputs: { n: n ** 2 } })),
  );
  expect((await linesOf(joined(1))).map(({ outputs }) => outputs)).toEqual(
    numbers(30).map(({ n }) => ({ n: n ** 4 })),
  );
});

test("What the cache holds is given out without a slot, also when nobody is there to work", async () => {
  await world.conductor();
  await withLines([plan, square], numbers(50));
  await world.run();
  await finished();
  const worked = world.count("square.started");
  await world.run();
  await world.until("the second run finishes", () => world.count("run.finished") === 2);
  expect(world.count("square.started")).toBe(worked);
  expect(await linesOf(joined(1))).toEqual(await linesOf(joined(0)));
});

test("A conductor that is killed in mid-foreach goes on exactly, whatever became of the source meanwhile", async () => {
  const first = await world.conductor();
  const held: (() => void)[] = [];
  await withLines([plan, square], numbers(40), async (input) => {
    if (Number(input["n"]) % 7 === 3) await new Promise<void>((resolve) => held.push(resolve));
    return squared(input);
  });
  await world.run();
  await world.until("every worker holds an item", () => held.length === 4);
  await first.stop(0);
  const planned = world.all("plan.triggered")[0]!;
  const other = { mediaType: jsonLinesType, digest: `sha256:${"7".repeat(64)}`, size: 1 };
  await world.say({ ...answer(planned, "pass", { outputs: { items: other } }), id: "another-answer" });
  const mute = await world.mute();
  held.splice(0).forEach((release) => release());
  await world.until("the mute one decided", () => mute.conductor.outbox.size > 0);
  await mute.close();
  await world.conductor();
  await world.until(
    "the last items are held",
    () => held.length > 0 && world.count("square.finished") > 30,
    20_000,
  );
  const free = setInterval(() => held.splice(0).forEach((release) => release()), 20);
  await finished().finally(() => clearInterval(free));
  expect(ends(world.all("square.triggered"))).toBe(40);
  expect(world.count("square.triggered")).toBe(40);
  expect(await linesOf(joined(0))).toEqual(
    numbers(40).map(({ n }) => ({ index: n, outcome: "pass", outputs: { n: n ** 2 } })),
  );
});

test("An abort ends the open items and gives out no more; why and the run's end count what there was", async () => {
  await world.conductor();
  await withLines([plan, square], numbers(500), untilStopped);
  await world.run();
  await world.until("every worker has an item", () => world.count("square.started") === 4);
  const why = await askService(world.events, ask.why, { ref: "seattle-1" });
  expect(why.because).toContainEqual("square: 0 of 500 items are done, 4 are begun");
  const item = await askService(world.events, ask.why, { ref: "seattle-1/square/@2" });
  expect(item.what).toBe("square/@2 of seattle-1 is started.");
  await askService(world.events, ask.abort, { run: "seattle-1" });
  await finished();
  expect(world.count("square.triggered")).toBe(4);
  expect(world.all("square.finished").map(({ status }) => status)).toEqual(Array(4).fill("aborted"));
  expect(world.all("run.finished")[0]).toMatchObject({ status: "aborted", data: { tasks: { total: 6 } } });
});

test("A paused run gives out no items; resumed it goes on to the end", async () => {
  await world.conductor();
  const held: (() => void)[] = [];
  await withLines([plan, square], numbers(12), async (input) => {
    await new Promise<void>((resolve) => held.push(resolve));
    return squared(input);
  });
  await world.run();
  await world.until("every worker has an item", () => held.length === 4);
  await askService(world.events, ask.pause, { run: "seattle-1" });
  held.splice(0).forEach((release) => release());
  await world.until("they are done", () => world.count("square.finished") === 4);
  await askService(world.events, ask.why, { ref: "seattle-1" });
  expect(world.count("square.triggered")).toBe(4);
  await askService(world.events, ask.resume, { run: "seattle-1" });
  const free = setInterval(() => held.splice(0).forEach((release) => release()), 20);
  await finished().finally(() => clearInterval(free));
  expect(await linesOf(joined(0))).toHaveLength(12);
});

test("A list that is none, and bytes that are gone, end the step with the reason", async () => {
  await world.conductor();
  await withLines([plan, square], []);
  const artifacts = await openArtifacts(world.place.artifactsUrl);
  const broken = await artifacts.put(Buffer.from('{"n":1}\n{"n":\n'), { mediaType: jsonLinesType });
  const gone = { ...broken, digest: `sha256:${"8".repeat(64)}` };
  const steps = [{ ...square, needs: [], foreach: { in: "/configuration/train/params/items" } }];
  for (const [index, items] of [broken, gone].entries()) {
    const seattle = {
      ...weatherConfiguration,
      train: { ...weatherConfiguration.train, params: { items: { ...items } as never } },
    };
    const workflows = { lifecycle: { on: [], steps } };
    await world.say(applied({ workflows, subprojects: { seattle } }, index + 2));
    await world.run();
    await world.until("it ends", () => world.count("run.finished") === index + 1);
  }
  const problems = world.all("run.finished").map(({ data }) => runFinished.data.parse(data).because?.problem);
  expect(problems).toMatchObject([
    { code: "E_LIST", why: 'line 2 is no JSON: {"n":' },
    { code: "E_LIST", why: expect.stringContaining("8888") as unknown },
  ]);
});
