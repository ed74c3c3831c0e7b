import type { BrokenRule } from "./faults.ts";
import { World } from "./world.ts";

/** Runs seed after seed; the first in which something is wrong, with how to run it again, or undefined. */
export function firstWrong({
  from,
  count,
  broken,
}: {
  from: number;
  count: number;
  broken?: BrokenRule;
}): string | undefined {
  for (let seed = from; seed < from + count; seed += 1) {
    const { wrongs } = new World(seed, broken).run().truth;
    if (wrongs.length > 0) return [commandFor(seed, broken), ...wrongs].join("\n  ");
  }
  return undefined;
}

/** What runs one seed again. */
export const commandFor = (seed: number, broken: BrokenRule | undefined): string =>
  `tsx test/simulation/run.ts --seed ${seed}${broken === undefined ? "" : ` --break ${broken}`}`;
