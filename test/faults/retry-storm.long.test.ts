import { test } from "vitest";
import { sufferAStorm } from "./retry-storm.ts";

test("two thousand tasks that failed at once are tried again in their own time, and pass", async () => {
  await sufferAStorm(2_000);
}, 600_000);
