// Seattle's weather in one process: from a file to a verdict, then everything that people do with runs.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { shortType } from "@jackfield/spec/event/type";
import { acceptedEvent, streamEvents } from "@jackfield/spec/http/events";
import { getRun } from "@jackfield/spec/http/runs";
import type { z } from "zod";
import { until } from "../bed/until.ts";
import { stubborn } from "./programs.ts";
import { projectWith, weather, World, type Typed } from "./world.ts";

let world: World;

beforeAll(async () => {
  const files = {
    "train.mjs": await readFile(join(weather, "train.mjs"), "utf8"),
    "jackfield.yaml": await readFile(join(weather, "jackfield.yaml"), "utf8"),
    "slow.mjs": stubborn,
  };
  const folder = await projectWith("node train.mjs", files);
  // The forest's package lies where the example lies.
  world = await World.begin({ folder, environment: { JACKFIELD_ENVIRONMENT: weather } });
  await world.did("apply");
});

type Tree = z.output<typeof getRun.answer>;

const treeOf = async (ref: string): Promise<Tree> =>
  getRun.answer.parse(JSON.parse((await world.type("show", ref, "--json", "--wait")).out));

const run = (...flags: string[]): Promise<Typed> => world.type("run", "weather/seattle", ...flags);

const namesOf = (type: string, about: (event: (typeof world.events)[number]) => boolean): string[] =>
  world.events.filter((event) => shortType(event.type) === type && about(event)).map(({ id }) => id);

test("a file becomes a verdict, and the same again comes from the cache with the same outcome", async () => {
  const first = await run();
  expect(first, first.err).toMatchObject({ exit: 0 });
  expect(first.err).toContain("1096 train + 365 test");
  expect(first.out).toMatch(/seattle-1 {3}PASS/);
  const again = await run();
  expect(again, again.err).toMatchObject({ exit: 0 });
  const [one, two] = [await treeOf("seattle-1"), await treeOf("seattle-2")];
  expect(two.run.tasks).toEqual({ total: 4, cached: 4 });
  expect(two.run.metrics).toEqual(one.run.metrics);
  expect(two.tasks.map(({ producedby }) => producedby)).toEqual(Array(4).fill(one.run.run));
  expect((await world.did("diff", "seattle-1", "seattle-2")).split("\n")).toContain(
    "  no metric is different",
  );
  expect(await world.did("why", "seattle-2", "--cache")).toContain("train: answered from the cache");
});

async function post(event: unknown, type = "application/json"): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${world.url}/v1/events`, {
    method: "POST",
    headers: { "content-type": type },
    body: JSON.stringify(event),
  });
  return { status: response.status, answer: await response.json() };
}

test("one fetch by plain HTTP is tailed to its end; the same event twice is one run", async () => {
  const whole = await readFile(join(world.folder, "data/seattle-weather.csv"), "utf8");
  const bytes = Buffer.from(whole.split("\n").slice(0, 100).join("\n"));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const put = await fetch(`${world.url}/v1/artifacts/${digest}`, {
    method: "PUT",
    body: new Uint8Array(bytes),
  });
  expect(put.ok).toBe(true);
  const file = { mediaType: "text/csv", digest, size: bytes.length };
  const inputs = { source: { from: "data/seattle-weather.csv" }, file };
  const event = { id: "one-fetch", type: "fetch.requested", project: "weather", data: { inputs } };
  const first = await post(event);
  expect(first, JSON.stringify(first)).toMatchObject({ status: 202, answer: { duplicate: false } });
  const { position, listeners = [] } = acceptedEvent.parse(first.answer);
  const told = await tailUntil(position, "fetch.finished");
  expect(told).toEqual(["fetch.triggered", "fetch.started", "fetch.finished"]);
  expect(await post(event)).toMatchObject({ status: 202, answer: { duplicate: true, position } });
  expect(await post({ ...event, data: { inputs, cache: false } })).toMatchObject({ status: 409 });
  const { run: id } = listeners[0] ?? { run: "" };
  await world.happened("run.finished", (each) => each.run === id);
  expect(namesOf("run.started", (each) => each.run === id).length).toBe(1);
  expect(listeners.length).toBe(1);
});

/** Reads server-sent events of fetch tasks after a position, until one of this type came. */
async function tailUntil(position: string, last: string): Promise<string[]> {
  const query = new URLSearchParams({ from: position, filter: "fetch.*", project: "weather" });
  const response = await fetch(`${world.url}/v1/events/stream?${query.toString()}`, {
    signal: AbortSignal.timeout(15_000),
  });
  const told: string[] = [];
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const messages = text.split("\n\n").slice(0, -1);
    const lines = messages.flatMap((message) => /^data: ?(.*)$/m.exec(message)?.[1] ?? []);
    // Between events it says how far it has read.
    const events = lines.flatMap((line) => streamEvents.answer.safeParse(JSON.parse(line)).data?.event ?? []);
    const types = events.map(({ type }) => shortType(type));
    told.splice(0, told.length, ...types);
    if (told.includes(last)) break;
  }
  return told;
}

test("a step that nobody can answer fails at once, and says who could", async () => {
  const bound = await world.type("bind", "train=acme-boost");
  expect(bound).toMatchObject({ exit: 9, err: expect.stringContaining("known: command") as unknown });
  const file = join(world.folder, "jackfield.yaml");
  const before = await readFile(file, "utf8");
  await writeFile(file, `${before}bind: { train: acme-boost }\n`);
  await world.did("apply");
  const refused = await run();
  expect(refused.exit).toBe(11);
  expect(refused.out).toContain("E_NO_HANDLER");
  expect(refused.out).toContain("train is bound to acme-boost (jackfield.yaml), which was never there");
  expect(refused.out).toContain("handlers known for train: command");
  expect(await world.did("why", "@last")).toContain("acme-boost");
  await writeFile(file, before);
  await world.did("apply");
  expect((await run()).exit).toBe(0);
  expect(await world.did("diff", "seattle-1", "@last")).toContain("no metric is different");
});

const slowly = (note: string, milliseconds: number): string[] => [
  "--set",
  `train.command=node slow.mjs ${note} ${milliseconds}`,
  "--no-cache",
  "--no-wait",
];

test("a paused run triggers nothing new until it is resumed", async () => {
  const id = (await run(...slowly(join(world.folder, "paused"), 1_000))).out.trim();
  const ours = (event: { run?: string | undefined }): boolean => event.run === id;
  await world.happened("train.started", ours);
  await world.did("pause", id);
  await world.happened("train.finished", ours);
  expect((await world.type("show", id)).exit).toBe(8);
  await world.did("resume", id);
  await world.happened("run.finished", ours);
  const order = world.events.filter(ours).map(({ type }) => shortType(type));
  expect(order.indexOf("evaluate.triggered")).toBeGreaterThan(order.indexOf("run.resumed"));
});

test("who aborts a run stops its command: SIGTERM within 6 s", async () => {
  const note = join(world.folder, "aborted");
  const id = (await run(...slowly(note, 60_000))).out.trim();
  await world.happened("train.progressed", (event) => event.run === id);
  await world.did("abort", id, "--reason", "wrong data");
  // The file is there a moment before its content.
  await until("SIGTERM", async () => (await readFile(note, "utf8")) === "SIGTERM", { withinMs: 6_000 });
  await world.happened("run.finished", (event) => event.run === id);
  const shown = await world.type("show", id, "--wait");
  expect(shown).toMatchObject({ exit: 7 });
});

test("an event that nobody listens to is kept, and its sender is told", async () => {
  const nothing = await world.type("emit", "org.example.observed");
  expect(nothing).toMatchObject({ exit: 9 });
  expect(nothing.err).toContain("E_NO_LISTENER");
  expect((await world.type("emit", "org.example.observed", "--optional")).exit).toBe(0);
  await until("both", () => namesOf("org.example.observed", () => true).length === 2);
});
