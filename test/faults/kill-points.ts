import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Verdict } from "../checker/verdict.ts";
import { Dice } from "./dice.ts";
import { FaultWorld } from "./fault-world.ts";
import { mortalBuild } from "./points/mortal-build.ts";
import { Points, type Wanted } from "./points/points.ts";

type Place = Omit<Wanted, "passing">;

const of = (process: string, victim: Wanted["victim"], ...points: string[]): Place[] =>
  points.map((point) => ({ process, point, victim }));

/** Every point, and who dies there. */
export const places: readonly Place[] = [
  ...of("handler", "itself", "before started", "sent started", "after started", "at work"),
  ...of("handler", "itself", "before finished", "sent finished", "after finished"),
  ...of("handler", "nats-server", "before started", "sent started", "after started", "at work"),
  ...of("handler", "nats-server", "before finished", "sent finished", "after finished"),
  ...of("conductor", "itself", "before commit", "in commit", "after commit"),
  ...of("conductor", "itself", "before triggered", "sent triggered", "after triggered"),
  ...of("conductor", "nats-server", "sent triggered", "after commit"),
  ...of("conductor", "postgres", "in commit"),
  ...of("tracker", "itself", "before batch", "in batch", "after batch"),
  ...of("tracker", "postgres", "in batch"),
  ...of("gateway", "itself", "before requested", "sent requested", "after requested"),
];

const together = 6;

/**
 * Runs under way, and at some of the points somebody dies, a few at a time, until all were met. The seed says in
 * which order, and for which passing.
 */
export async function dieEverywhere(seed: number, build: string): Promise<Verdict> {
  const dice = new Dice(seed);
  const points = new Points(mkdtempSync(join(tmpdir(), "jackfield-points-")));
  await using faults = await FaultWorld.begin({
    build: await mortalBuild(build),
    environment: { JACKFIELD_LEASE_SECONDS: "6", JACKFIELD_FAULT_POINTS: points.folder },
  });
  const waiting = dice.shuffled(places);
  while (waiting.length > 0) {
    const wave = takeWave(waiting).map((place) => ({ ...place, passing: dice.between(1, 6) }));
    for (const wanted of wave) await points.arm(faults, wanted);
    const asked = await faults.request(12);
    await Promise.all(wave.map((wanted) => points.struck(wanted)));
    await faults.over(asked);
  }
  return await faults.verdict();
}

/** The next few, none of them at the same point. */
function takeWave(waiting: Place[]): Place[] {
  const wave: Place[] = [];
  for (const place of [...waiting]) {
    const taken = wave.some(({ process, point }) => process === place.process && point === place.point);
    if (taken || wave.length === together) continue;
    wave.push(place);
    waiting.splice(waiting.indexOf(place), 1);
  }
  return wave;
}
