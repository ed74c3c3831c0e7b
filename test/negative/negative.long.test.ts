import { expect, test } from "vitest";
import { brokenIn, printVerdict } from "../checker/verdict.ts";
import { controls } from "./controls.ts";
import { play } from "./play.ts";

const { durableConsumer, fencingByCounting, discardOld } = controls;

test.each([durableConsumer, fencingByCounting, discardOld])(
  "$broken breaks $breaks, and the checker says so",
  async (control) => {
    const verdict = await play(control, "broken");
    expect(brokenIn(verdict), printVerdict(verdict)).toContain(control.breaks);
  },
  180_000,
);

test.each(Object.values(controls))(
  "the sound build stands what finds $broken out",
  async (control) => {
    const verdict = await play(control, "sound");
    expect(verdict.holds, printVerdict(verdict)).toBe(true);
  },
  180_000,
);
