import type { Bed } from "./bed.ts";
import type { Measured, Quantity } from "./figure.ts";
import type { ChainRunner } from "./chain-runner.ts";
import { openRestate } from "./restate.ts";
import { Spine } from "./spine.ts";

/** Those who take turns: the spine on a server with its default sync, on one that syncs each write, and a peer. */
export interface Chains extends AsyncDisposable {
  ours: ChainRunner;
  always: ChainRunner;
  /** Or why there is none. */
  peer: ChainRunner | string;
}

/** So many runs are done before anything is measured: a service is measured as it runs, not while Node compiles it. */
const warmUp = 1_500;

export async function openChains(bed: Bed): Promise<Chains> {
  const ours = chainOn(await Spine.open(bed, await bed.nats(), slots));
  const always = chainOn(await Spine.open(bed, await bed.nats("always"), slots));
  const peer = await openRestate(bed);
  const all = [ours, always, ...(typeof peer === "string" ? [] : [peer])];
  for (const runner of all) await runMany(runner, warmUp);
  const close = async (): Promise<void> => {
    for (const runner of all) await runner[Symbol.asyncDispose]();
  };
  return { ours, always, peer, [Symbol.asyncDispose]: close };
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

/** The peer's value beside ours, or why there is none. */
export const comparedWith = (
  peer: Chains["peer"],
  ours: number,
  theirs: () => number,
): Pick<Measured, "against" | "ratio"> => {
  if (typeof peer === "string") return { against: { name: peer, value: 0 }, ratio: undefined };
  const value = theirs();
  return { against: { name: "Restate with its defaults, the same three steps", value }, ratio: ours / value };
};
