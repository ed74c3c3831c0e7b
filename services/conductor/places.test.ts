// Who asks is known by the subject, for that is what the rights on NATS are about: a body may say anything.
import { askService } from "@jackfield/service/answer";
import { lease, placeOfHandler, register } from "@jackfield/spec/ask/conductor";
import { startedData } from "@jackfield/spec/event/task";
import { expect, onTestFinished, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { makePlace } from "./story-place.ts";
import { step, World } from "./story-world.ts";

const nats = natsForThisFile();

async function openWorld(): Promise<World> {
  const place = await makePlace({ natsUrl: nats.url, database: await freshDatabase(), prefix: prefix() });
  const world = await World.open(place);
  onTestFinished(async () => {
    await world[Symbol.asyncDispose]();
    await place.clear();
  });
  return world;
}

test("a lease is for the instance that started and its handler in that project alone, and a handler registers in its own place only", async () => {
  const world = await openWorld();
  await world.conductor();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await world.weather([step("fetch", () => held)]);
  await world.run();
  await world.until("fetch works", () => world.count("fetch.started") === 1);
  const { id: triggeredid, subject: task = "" } = world.all("fetch.triggered")[0] ?? { id: "" };
  const { instance } = startedData.parse(world.all("fetch.started")[0]?.data);
  const asked = { task, triggeredid, attempt: 1, instance, project: "weather" };
  const ask = (project: string, handler: string, parts = {}): Promise<unknown> =>
    askService(world.events, lease, { ...asked, ...parts }, { name: placeOfHandler(project, handler) });
  expect(await ask("weather", "fetch")).toMatchObject({ go: true });
  // Another instance was given the same delivery; the first `started` in the stream is not its own.
  expect(await ask("weather", "fetch", { instance: "x" })).toEqual({ go: false, reason: "stale" });
  for (const [project, handler] of [
    ["sales", "fetch"],
    ["weather", "split"],
    ["_", "fetch"],
  ] as const)
    await expect(ask(project, handler)).rejects.toMatchObject({ code: "E_NOT_YOURS" });
  const greeting = { handler: "fetch", version: "1", contracts: {}, instance: "x", concurrency: 100 };
  for (const project of ["weather", null])
    await expect(
      askService(world.events, register, { ...greeting, project }, { name: "sales.fetch" }),
    ).rejects.toMatchObject({ code: "E_NOT_YOURS" });
  release();
});
