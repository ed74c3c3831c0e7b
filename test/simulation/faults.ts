import type { Random } from "./random.ts";

/** A rule that is broken on purpose: what then goes wrong must be seen. */
export const brokenRules = ["durable-order", "ack-after-work", "last-finished", "no-renewal"] as const;
export type BrokenRule = (typeof brokenRules)[number];

/** What goes wrong in one world: how likely, or how often. A likelihood of 0 is a fault that is off. */
export interface Faults {
  /** Of a message to the stream, and of its answer, to be lost. */
  lost: number;
  /** Of a message to be refused for the moment (the stream is full), so that those behind it come before it. */
  refused: number;
  /** How long the stream knows message ids, ms. */
  windowMs: number;
  /** The longest way of a message, ms. */
  latencyMs: number;
  /** Of a question to get no answer. */
  unheard: number;
  /** So often something dies: ms between two kills; undefined for never. */
  killConductorMs: number | undefined;
  killHandlerMs: number | undefined;
  freezeConductorMs: number | undefined;
  freezeHandlerMs: number | undefined;
  disconnectMs: number | undefined;
  /** The server forgets what it delivered to handlers and what they acknowledged. */
  forgetMs: number | undefined;
  outageMs: number | undefined;
  /** How many liars there are. */
  liars: number;
  /** Of work to be slower than its limits. */
  slow: number;
  /** Of work to end errored, and to be worth another attempt. */
  errors: number;
  batch: number;
}

/** Each seed turns on some of them: a bug that needs two is not drowned by twelve others. */
export function drawFaults(random: Random): Faults {
  const sometimes = <T>(on: () => T, off: T): T => (random.chance(0.35) ? on() : off);
  const every = (least: number, most: number): number | undefined =>
    sometimes<number | undefined>(() => random.between(least, most), undefined);
  return {
    lost: sometimes(() => 0.3 * random.next(), 0),
    refused: sometimes(() => 0.3 * random.next(), 0),
    windowMs: 120_000,
    latencyMs: random.pick([2, 20, 300]),
    unheard: sometimes(() => 0.4 * random.next(), 0),
    killConductorMs: every(2_000, 20_000),
    killHandlerMs: every(1_000, 15_000),
    freezeConductorMs: every(5_000, 30_000),
    freezeHandlerMs: every(3_000, 30_000),
    disconnectMs: every(1_000, 10_000),
    forgetMs: every(5_000, 20_000),
    outageMs: every(5_000, 30_000),
    liars: sometimes(() => random.between(1, 2), 0),
    slow: sometimes(() => 0.3 * random.next(), 0),
    errors: sometimes(() => 0.4 * random.next(), 0.05),
    batch: random.pick([1, 3, 20, 500]),
  };
}

/** What is left when the faults stop. */
export const healed = (faults: Faults): Faults => ({
  ...faults,
  lost: 0,
  refused: 0,
  unheard: 0,
  slow: 0,
  errors: 0,
  killConductorMs: undefined,
  killHandlerMs: undefined,
  freezeConductorMs: undefined,
  freezeHandlerMs: undefined,
  disconnectMs: undefined,
  forgetMs: undefined,
  outageMs: undefined,
  liars: 0,
});
