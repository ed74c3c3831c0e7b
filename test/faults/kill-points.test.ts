import { expect, test } from "vitest";
import { printVerdict } from "../checker/verdict.ts";
import { dieEverywhere } from "./kill-points.ts";

test("kill -9 of a handler, a service or a server at any point loses nothing and doubles nothing", async () => {
  const verdict = await dieEverywhere(1, "short");
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}, 300_000);
