import { test } from "vitest";
import { swapStory } from "./swap-story.ts";

test("one bind at the organization exchanges the load tester of 300 subprojects in 10 projects, under load", async () => {
  await swapStory({ subprojects: 300 });
}, 600_000);
