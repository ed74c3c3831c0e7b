import { test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { forEachStory } from "./story-place.ts";
import type { World } from "./story-world.ts";
import { expectWideIsFlat } from "./wide-world.ts";

const nats = natsForThisFile();
let world: World;
forEachStory({ nats, freshDatabase, prefix }, (fresh) => (world = fresh));

test("20,000 items hold no more memory than those at work", async () => {
  await expectWideIsFlat(world, 20_000, 50);
}, 400_000);
