import { test } from "vitest";
import { Dice } from "./dice.ts";
import { sayEverythingTwice } from "./doubles.ts";

test.each([2, 3, 4])(
  "when every message comes twice everything happens once (seed %i)",
  async (seed) => {
    await sayEverythingTwice(200, new Dice(seed));
  },
  180_000,
);
