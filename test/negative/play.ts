import type { Verdict } from "../checker/verdict.ts";
import { FaultWorld } from "../faults/fault-world.ts";
import { brokenBuild } from "./broken-build.ts";
import type { Control } from "./controls.ts";

/** Plays a control's fault against the broken build, or against the sound one. */
export async function play(control: Control, which: "broken" | "sound"): Promise<Verdict> {
  const { replaces, broken, scenario, options } = control;
  const build = which === "broken" ? { build: await brokenBuild(replaces, broken) } : {};
  await using faults = await FaultWorld.begin({ ...options, ...build });
  await scenario(faults);
  return await faults.verdict(which === "broken" ? 5_000 : 30_000);
}
