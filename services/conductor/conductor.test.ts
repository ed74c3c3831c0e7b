import { dumpSchema } from "@jackfield/postgres/schema-dump";
import { askService } from "@jackfield/service/answer";
import * as ask from "@jackfield/spec/ask/conductor";
import { said } from "@jackfield/lifecycle/story-events";
import { expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { forEachStory } from "./story-place.ts";
import { step, type World } from "./story-world.ts";

const nats = natsForThisFile();
let world: World;
forEachStory({ nats, freshDatabase, prefix }, (fresh) => (world = fresh));

const finished = (count = 1) => world.until("the run finishes", () => world.count("run.finished") >= count);

test("The committed schema is the one that the migrations make", async () => {
  await expect(await dumpSchema(world.databaseUrl, "conductor")).toMatchFileSnapshot(
    "./migrations/schema.sql",
  );
});

test("A request becomes a run that passes through real handlers, and a second one is answered by the cache", async () => {
  await world.conductor();
  await world.weather();
  const first = await world.run();
  await finished();
  expect(world.words(first)).toEqual([
    "run.started",
    "fetch.triggered → fetch",
    "fetch.started",
    "fetch.finished pass",
    "dataset.published",
    "split.triggered → split",
    "split.started",
    "split.finished pass",
    "train.triggered → command",
    "train.started",
    "train.finished pass",
    "model.published",
    "evaluate.triggered → evaluate",
    "evaluate.started",
    "evaluate.finished pass",
    "run.finished pass",
  ]);
  const second = await world.run();
  await finished(2);
  expect(world.words(second).filter((word) => word.endsWith("cached"))).toHaveLength(4);
  const told = await askService(world.events, ask.why, { ref: "seattle-2" });
  expect(told).toMatchObject({ state: "pass", because: ["every step passed"] });
  expect(told.cache[0]).toBe("fetch: answered from the cache");
});

test("A lead is moved, used by the next run, and moved back", async () => {
  await world.conductor();
  await world.weather();
  await world.handler("logistic", [step("train")]);
  await world.until("logistic is there", () => world.count("handler.registered") === 5);
  const scope = { project: "weather", capability: "train" };
  const moved = await askService(world.events, ask.bind, { ...scope, handler: "logistic", by: "ana" });
  expect(moved).toMatchObject({ handler: "logistic", previous: null });
  const run = await world.run();
  await finished();
  expect(world.words(run)).toContain("train.triggered → logistic");
  const { bindings } = await askService(world.events, ask.bindings, { project: "weather" });
  expect(bindings).toContainEqual(
    expect.objectContaining({ capability: "train", handler: "logistic", from: "weather", by: "ana" }),
  );
  const back = await askService(world.events, ask.bind, { ...scope, handler: null, undo: true });
  expect(back).toMatchObject({ handler: null, previous: "logistic" });
  await expect(askService(world.events, ask.bind, { ...scope, handler: "logistik" })).rejects.toThrow(
    "No handler logistik answers train",
  );
});

test("Nothing reacts to an event that nobody listens to, and why says which clause said no", async () => {
  await world.conductor();
  await world.weather();
  const event = said("com.example.uploaded");
  const {
    reactions: [reaction],
  } = await askService(world.events, ask.listens, { events: [event] });
  const { listeners, refused } = reaction ?? {};
  expect(listeners).toEqual([]);
  expect(refused).toContainEqual({ trigger: "weather on code", clause: "code.changed" });
  await world.say(event, said("run.requested", { subproject: "seattle" }));
  await finished();
  expect(await askService(world.events, ask.why, { ref: event.id })).toMatchObject({
    state: "nothing reacted",
  });
});

test("A capability that nobody ever answered ends the run at once and names who could", async () => {
  await world.conductor();
  await world.say(said("train.requested", { id: "t", data: { inputs: {} } }));
  await finished();
  expect(world.words("t")).toEqual([
    "run.started",
    "train.triggered → nobody",
    "train.finished errored",
    "run.finished errored",
  ]);
  expect(world.all("run.finished")[0]!.data).toMatchObject({
    because: { problem: { code: "E_NO_HANDLER" } },
  });
});

test("An abort reaches the handler at work within 6 s, ends the run at once, and cannot come twice", async () => {
  await world.conductor();
  let stopped: unknown;
  const slow = step("fetch", async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    stopped = signal.reason;
  });
  await world.weather([slow]);
  const run = await world.run();
  await world.until("fetch works", () => world.count("fetch.started") === 1);
  const began = performance.now();
  await askService(world.events, ask.abort, { run: "seattle-1", reason: "wrong data" });
  await finished();
  expect(performance.now() - began).toBeLessThan(1_000);
  await world.until("the handler is told", () => stopped !== undefined, 6_000);
  expect(stopped).toMatchObject({ code: "E_ABORTED" });
  expect(world.words(run).slice(0, 6)).toEqual([
    "run.started",
    "fetch.triggered → fetch",
    "fetch.started",
    "run.aborted",
    "fetch.finished aborted",
    "run.finished aborted",
  ]);
  await expect(askService(world.events, ask.abort, { run: "seattle-1" })).rejects.toThrow("nothing to abort");
});

test("A paused run gives out nothing more, says so, and goes on when it is resumed", async () => {
  await world.conductor();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await world.weather([step("fetch", () => held)]);
  await world.run();
  await world.until("fetch works", () => world.count("fetch.started") === 1);
  await askService(world.events, ask.pause, { run: "seattle-1", by: "ana" });
  release();
  await world.until("fetch is done", () => world.count("fetch.finished") === 1);
  const told = await askService(world.events, ask.why, { ref: "seattle-1" });
  expect(told).toMatchObject({ state: "paused", next: "jackfield resume seattle-1" });
  expect(told.because[0]).toBe("seattle-1 was paused by ana");
  expect(world.count("split.triggered")).toBe(0);
  await askService(world.events, ask.resume, { run: "weather:seattle-1" });
  await finished();
});
