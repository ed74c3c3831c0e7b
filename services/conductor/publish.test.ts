import { askService } from "@jackfield/service/answer";
import { on } from "@jackfield/service/serve";
import * as ask from "@jackfield/spec/ask/conductor";
import { capabilityFrom } from "@jackfield/spec/event/from-entry";
import { publishedContract } from "@jackfield/spec/facts/capability";
import { said } from "@jackfield/lifecycle/story-events";
import { expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { forEachStory } from "./story-place.ts";
import type { World } from "./story-world.ts";

const nats = natsForThisFile();
let world: World;
forEachStory({ nats, freshDatabase, prefix }, (fresh) => (world = fresh));

const explain = publishedContract.parse({
  name: "explain",
  input: { type: "object", properties: { model: { type: "string" } }, required: ["model"] },
  output: { type: "object", properties: { rain: { type: "number" } }, required: ["rain"] },
});

const publish = (contract: object) =>
  askService(world.events, ask.publish, { contract: { ...explain, ...contract }, by: "ana" });

test("A capability published at run time is known after a restart, and a handler by the SDK keeps its schemas", async () => {
  const first = await world.conductor();
  expect(await publish({})).toMatchObject({ name: "explain", version: "1.0.0", changed: true });
  expect(await publish({})).toMatchObject({ changed: false });
  await first.stop();
  await world.conductor();
  const { capabilities } = await askService(world.events, ask.capabilities, {});
  expect(capabilities.find(({ name }) => name === "explain")).toMatchObject({ by: "ana", builtIn: false });
  const answers = [{ rain: 0.7 }, { rain: "much" }];
  await world.handler("shap", [on(capabilityFrom(explain), async () => answers.shift() ?? {})]);
  await world.until("shap is here", () => world.count("handler.registered") > 0);
  const inputs = [{ model: "a" }, { model: "b" }, { model: 3 }];
  for (const input of inputs)
    await world.say(said("explain.requested", { data: { inputs: input, handler: "shap" } }));
  await world.until("all runs are over", () => world.count("run.finished") === inputs.length);
  expect(
    world
      .all("explain.finished")
      .map(({ status }) => status)
      .sort(),
  ).toEqual(["errored", "errored", "succeeded"]);
});

test.each([
  [{ name: "train" }, "E_STATE"],
  [{ input: { type: "string" } }, "E_INVALID"],
  [{ output: { type: "object", not: { type: "string" } } }, "E_INVALID"],
])("What is no contract of one's own is refused: %j", async (parts, code) => {
  await world.conductor();
  await expect(publish(parts)).rejects.toMatchObject({ code });
});
