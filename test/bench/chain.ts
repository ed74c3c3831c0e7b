import type { Bed } from "./bed.ts";
import type { Measured, Quantity } from "./figure.ts";
import { Spine } from "./spine.ts";

/** Somebody who runs three no-op tasks in a row. */
export interface ChainRunner extends AsyncDisposable {
  /** One run, from the request until its end is known. */
  run(): Promise<void>;
  /** Runs this work; CPU µs of an event by process where there are events. */
  measured(work: () => Promise<void>): Promise<Record<string, number>>;
}

/** Those who take turns: the spine on a server with its default sync, the same on one that syncs each write. */
export interface Chains extends AsyncDisposable {
  ours: ChainRunner;
  always: ChainRunner;
}

/** So many runs are warmed up with, before anything is measured: a service is measured as it runs, not while Node compiles it. */
const warmUp = 1_500;

export async function openChains(bed: Bed): Promise<Chains> {
  const ours = chainOn(await Spine.open(bed, await bed.nats(), slots));
  const always = chainOn(await Spine.open(bed, await bed.nats("always"), slots));
  for (const runner of [ours, always]) await runMany(runner, warmUp);
  return {
    ours,
    always,
    [Symbol.asyncDispose]: async () => {
      await ours[Symbol.asyncDispose]();
      await always[Symbol.asyncDispose]();
    },
  };
}

/** Enough that no run in flight waits for a slot. */
const slots = { concurrency: 64 };
const inFlight = 50;

const chainOn = (spine: Spine): ChainRunner => ({
  run: () => spine.run("chain"),
  measured: (work) => spine.cpuPerEvent(work),
  [Symbol.asyncDispose]: () => spine[Symbol.asyncDispose](),
});

/** So many runs, 50 in flight at any time; answers with runs a second. */
export async function runMany(runner: ChainRunner, count: number): Promise<number> {
  let left = count;
  const oneAfterTheOther = async (): Promise<void> => {
    while ((left -= 1) >= 0) await runner.run();
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: inFlight }, oneAfterTheOther));
  return count / ((performance.now() - began) / 1_000);
}

/** Milliseconds of each of so many runs, one after the other. */
export async function runOneByOne(runner: ChainRunner, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let done = 0; done < count; done += 1) {
    const began = performance.now();
    await runner.run();
    times.push(performance.now() - began);
  }
  return times;
}

export const cpuBeside = (cpu: Readonly<Record<string, number>>): Record<string, Quantity> =>
  Object.fromEntries(
    Object.entries(cpu).map(([process, value]) => [`CPU per event: ${process}`, { value, unit: "µs" }]),
  );

/** What stands for a peer that cannot be had. */
export const noPeer = (why: string): Pick<Measured, "against" | "ratio"> => ({
  against: { name: why, value: 0 },
  ratio: undefined,
});
