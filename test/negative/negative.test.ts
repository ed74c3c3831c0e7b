// A checker that cannot say no proves nothing: builds with one broken module must be found out by name.
// The other controls, and all five scenarios against the sound build, are in `negative.long.test.ts`.
import { expect, test } from "vitest";
import { brokenIn, printVerdict } from "../checker/verdict.ts";
import { controls } from "./controls.ts";
import { play } from "./play.ts";

const { noForgedCheck, ackAfterWork } = controls;

test.each([noForgedCheck, ackAfterWork])(
  "$broken breaks $breaks, and the checker says so",
  async (control) => {
    const verdict = await play(control, "broken");
    expect(brokenIn(verdict), printVerdict(verdict)).toContain(control.breaks);
  },
  120_000,
);
