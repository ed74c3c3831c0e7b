import { setTimeout as delay } from "node:timers/promises";
import { answerOf, type Attempt } from "./attempt.ts";
import type { Program } from "./program.ts";
import type { GiveOptions, World } from "./world.ts";

export type DoorName = "command" | "pull" | "webhook" | "nats";

/** How tasks get to the handler; what it says of them comes back into the attempt. */
export interface Side extends AsyncDisposable {
  /** Puts an attempt before the handler. */
  give(attempt: Attempt): Promise<void>;
  /** Puts the very same before it once more; a door that never does that has none. */
  again?(attempt: Attempt): Promise<void>;
  /** Posts what is no honest delivery; the status it is answered with. */
  forge?(attempt: Attempt, how: Forgery): Promise<number>;
  /** Nothing is stored while `work` goes on: who says `started` has to wait. */
  whileFull?(work: () => Promise<void>): Promise<void>;
}

export type Forgery = "unsigned" | "tampered" | "old" | "stranger";

/** Where a handler is put to the test. */
export interface Stage {
  door: DoorName;
  world: World;
  side: Side;
  handler: string;
  /** Absent when somebody else started it: then it cannot be killed. */
  program?: Program;
  /** Names of files beside the command that were not there before, or are others now. */
  touched(): Promise<string[]>;
  /** How long an answer may take. */
  patienceMs: number;
}

const quietMs = 120;

export async function give(stage: Stage, options: GiveOptions = {}): Promise<Attempt> {
  const attempt = await stage.world.create(stage.handler, options);
  await stage.side.give(attempt);
  return attempt;
}

/** Gives a task and waits until it is answered, or until that takes too long, and a moment more. */
export async function done(stage: Stage, options: GiveOptions = {}): Promise<Attempt> {
  const attempt = await give(stage, options);
  await settled(stage, attempt);
  return attempt;
}

export async function settled(stage: Stage, attempt: Attempt, withinMs = stage.patienceMs): Promise<void> {
  await when({ ...stage, patienceMs: withinMs }, () => answerOf(attempt) !== undefined);
  await delay(quietMs);
}

/** Waits until `holds`; false when patience or the program ended before. */
export async function when(stage: Stage, holds: () => boolean): Promise<boolean> {
  const deadline = performance.now() + stage.patienceMs;
  while (!holds()) {
    if (performance.now() > deadline || stage.program?.ended() === true) return holds();
    await Promise.race([stage.world.changed(), delay(20)]);
  }
  return true;
}

/** Starts the program, and waits until it has come in. */
export async function begin(stage: Stage): Promise<boolean> {
  const before = new Set(stage.world.registered.map(({ instance }) => instance));
  stage.program?.start();
  // Who was started by somebody else may have been here before.
  if (stage.program === undefined) before.clear();
  if (stage.door === "webhook") return stage.program === undefined || awaitPort(stage);
  return when(stage, () => stage.world.registered.some(({ instance }) => !before.has(instance)));
}

/** A webhook registers with nobody; it is there when it answers anything at all. */
async function awaitPort(stage: Stage): Promise<boolean> {
  const deadline = performance.now() + stage.patienceMs;
  const attempt = await stage.world.create(stage.handler, {});
  while (performance.now() < deadline && stage.program?.ended() !== true) {
    const status = await stage.side.forge?.(attempt, "unsigned").catch(() => undefined);
    if (status !== undefined) return true;
    await delay(50);
  }
  return false;
}
