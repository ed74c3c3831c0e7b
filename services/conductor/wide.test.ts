import { test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { forEachStory } from "./story-place.ts";
import type { World } from "./story-world.ts";
import { expectWideIsFlat } from "./wide-world.ts";

const nats = natsForThisFile();
let world: World;
forEachStory({ nats, freshDatabase, prefix }, (fresh) => (world = fresh));

test("However many items a foreach has, memory holds those at work, and its own row stays small", async () => {
  await expectWideIsFlat(world, 1_000, 50);
});
