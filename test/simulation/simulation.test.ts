import { describe, expect, test } from "vitest";
import { brokenRules, type BrokenRule } from "./faults.ts";
import { firstWrong } from "./many-seeds.ts";
import kept from "./seeds.json" with { type: "json" };

describe("The pure core and the codecs under a seeded scheduler", () => {
  test("keep every rule in each of some hundred worlds", { timeout: 60_000 }, () => {
    expect(firstWrong({ from: 1, count: 100 })).toBeUndefined();
  });

  test.each(kept)("keep every rule in the world of seed %i, which once failed", (seed) => {
    expect(firstWrong({ from: seed, count: 1 })).toBeUndefined();
  });

  test.each(brokenRules)(
    "are seen to fail when a rule is broken: %s",
    { timeout: 60_000 },
    (rule: BrokenRule) => {
      expect(firstWrong({ from: 1, count: 500, broken: rule })).toBeDefined();
    },
  );
});
