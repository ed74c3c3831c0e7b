import { expect, test } from "vitest";
import { firstWrong } from "./many-seeds.ts";

test("The pure core and the codecs keep every rule in 2,000 worlds", { timeout: 600_000 }, () => {
  expect(firstWrong({ from: 1_000, count: 2_000 })).toBeUndefined();
});
