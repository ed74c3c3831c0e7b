import { expect, test } from "vitest";
import { printVerdict } from "../checker/verdict.ts";
import { dieEverywhere } from "./kill-points.ts";

const seeds = Array.from({ length: 10 }, (_, index) => index + 2);

test.each(seeds)(
  "kill -9 at any point, in the order of seed %i",
  async (seed) => {
    const verdict = await dieEverywhere(seed, "long");
    expect(verdict.holds, printVerdict(verdict)).toBe(true);
  },
  600_000,
);
