import { test } from "vitest";
import { sufferAStorm } from "./retry-storm.ts";

test("two hundred tasks that failed at once are tried again in their own time, and pass", async () => {
  await sufferAStorm(200);
}, 60_000);
