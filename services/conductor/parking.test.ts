import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inWords } from "@jackfield/lifecycle/story";
import { applied, weatherConfiguration } from "@jackfield/lifecycle/story-events";
import { askService } from "@jackfield/service/answer";
import { readerQuestions } from "@jackfield/spec/ask/reader";
import { expect, onTestFinished, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { World } from "./story-world.ts";

const nats = natsForThisFile();
const questions = readerQuestions("conductor");

async function freshWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-conductor-"));
  const database = await freshDatabase();
  const world = await World.open({
    natsUrl: nats.url,
    adminUrl: database.url,
    artifactsUrl: pathToFileURL(folder).href,
    prefix: prefix(),
  });
  onTestFinished(async () => {
    await world[Symbol.asyncDispose]();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });
  return world;
}

/** PostgreSQL keeps no zero character in jsonb, so no conductor can fold this. */
const poison = (version: number) => {
  const seattle = {
    ...weatherConfiguration,
    train: { ...weatherConfiguration.train, command: "node \u0000" },
  };
  return applied({ subprojects: { seattle } }, version);
};

test("a conductor parks what it cannot fold, in the middle of its work, and nobody is forgotten over it", async () => {
  const world = await freshWorld();
  await world.conductor();
  await world.weather();
  const before = poison(2);
  await Promise.all([world.run({ cache: false }), world.say(before), world.run({ cache: false, seed: 7 })]);
  await world.until("the runs finish", () => world.count("run.finished") === 2);
  await world.until("it is said", () => world.count("delivery.parked") === 1);
  expect(world.all("run.finished").map(inWords)).toEqual(["run.finished pass", "run.finished pass"]);
  expect(world.count("handler.lost")).toBe(0);
  expect(world.count("train.triggered")).toBe(2);
  const { parked } = await askService(world.events, questions.parked, {});
  expect(parked).toMatchObject([{ reader: "conductor", event: { id: before.id }, times: 1 }]);
  expect(parked[0]?.reason).toContain("Unicode");
  expect(world.all("delivery.parked")[0]).toMatchObject({ project: "weather", causationid: before.id });
});

test("redriving what still cannot be folded parks it again, and says so", async () => {
  const world = await freshWorld();
  await world.conductor();
  await world.say(applied(), poison(2));
  await world.until("it is said", () => world.count("delivery.parked") === 1);
  const [{ position } = { position: "" }] = (await askService(world.events, questions.parked, {})).parked;
  const answer = await askService(world.events, questions.redrive, { positions: [position], by: "ana" });
  expect(answer).toMatchObject({ redriven: [], parked: [{ position }] });
  expect(answer.parked[0]?.reason).toContain("Unicode");
  await world.until("it is said again", () => world.count("delivery.parked") === 2);
  expect(world.all("delivery.redriven").map(({ data }) => data)).toMatchObject([{ position, by: "ana" }]);
  expect(await askService(world.events, questions.parked, { filter: "run.*" })).toEqual({ parked: [] });
  expect(
    (await askService(world.events, questions.parked, { filter: "config.applied" })).parked,
  ).toHaveLength(1);
});
