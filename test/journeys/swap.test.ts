import { test } from "vitest";
import { swapStory } from "./swap-story.ts";

test("one bind at the organization exchanges the load tester of 30 subprojects in 10 projects, under load", async () => {
  await swapStory({ subprojects: 30 });
}, 240_000);
