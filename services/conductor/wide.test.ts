import { expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { forEachStory } from "./story-place.ts";
import type { World } from "./story-world.ts";
import { playWide } from "./wide-world.ts";

const nats = natsForThisFile();
let world: World;
forEachStory({ nats, freshDatabase, prefix }, (fresh) => (world = fresh));

test("However many items a foreach has, memory holds those at work, and its own row stays small", async () => {
  const [items, slots] = [1_000, 50];
  const seen = await playWide(world, items, slots);
  expect(world.all("run.finished")[0]).toMatchObject({
    result: "pass",
    data: { tasks: { total: items + 1 } },
  });
  expect(world.count("noop.triggered")).toBe(items);
  expect(seen.ready).toBeLessThanOrEqual(slots + 10);
  // At work, on their way, and done in the batch that is being written.
  expect(seen.rows).toBeLessThan(slots * 10);
  expect(seen.longestRow).toBeLessThan(2_000);
});
