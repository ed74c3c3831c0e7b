import { setTimeout as delay } from "node:timers/promises";
import { answerOf, saidBy, type Attempt } from "./attempt.ts";
import { begin, done, give, settled, when, type DoorName, type Forgery, type Stage } from "./stage.ts";

/** What was done to a handler, and what it did. */
export interface Scene {
  attempts: Attempt[];
  /** How the program ended when it was told to; `stayed` when it did not. */
  stopped?: { code: number | null; ms: number } | "stayed";
  /** Statuses of deliveries that were not honest. */
  forged?: Partial<Record<Forgery, number>>;
  /** Did it come back? */
  back?: boolean;
}

export interface SceneParts {
  /** Only these doors can do it. */
  doors?: readonly DoorName[];
  /** It ends the program, so the suite must have started it. */
  ends?: boolean;
  run(stage: Stage): Promise<Scene>;
}

const one = (options: Parameters<typeof done>[1] = {}): SceneParts => ({
  run: async (stage) => ({ attempts: [await done(stage, options)] }),
});

const stopWithinMs = 15_000;
/** So short that the handler asks ten times a second. */
const leaseSeconds = 0.3;
/** Who tells no progress is in the middle of its work by then. */
const surelyAtWorkMs = 2_000;

/** In this order; a later scene sees what an earlier one left behind. */
export const scenes = {
  plain: one(),
  again: one(),
  strange: one({
    more: { acme: { of: "another release" }, budget: 3 },
    params: { nothingWeKnow: true },
    attributes: { acmetenant: "blue", shard: 7 },
  }),
  invalid: one({ inputs: { target: "weather" } }),
  dealt: one({ dealt: true }),
  renamed: one({ renamed: true }),
  refused: one({ refusals: 2 }),
  silent: one({ mayGoOn: "silent", leaseSeconds }),
  stopped: stop("abort"),
  overtaken: stop("stale"),
  limit: one({ finishSeconds: 1 }),
  twice: { doors: ["nats", "webhook"], run: twice },
  doubtful: { doors: ["nats"], run: doubtful },
  full: { doors: ["nats"], run: full },
  forged: { doors: ["webhook"], run: forged },
  crashTaken: crash((stage, attempt) => when(stage, () => attempt.takenMs !== undefined)),
  crashWorking: crash(atWork),
  crashAnswering: crash((stage, attempt) => when(stage, () => saidBy(attempt, "finished").length > 0), {
    refusals: 1_000,
  }),
  crashAnswered: crash((stage, attempt) => when(stage, () => answerOf(attempt) !== undefined)),
  shutdown: { ends: true, run: shutdown },
  last: one(),
} satisfies Record<string, SceneParts>;

export type SceneName = keyof typeof scenes;

/** Until it is in the middle of its work, as far as can be seen. */
async function atWork(stage: Stage, attempt: Attempt): Promise<void> {
  await when(stage, () => attempt.takenMs !== undefined);
  const deadline = performance.now() + surelyAtWorkMs;
  const shows = (): boolean => saidBy(attempt, "progressed").length > 0 || answerOf(attempt) !== undefined;
  await when(stage, () => performance.now() > deadline || shows());
}

/** Lets it get to work, and then tells it to stop. */
function stop(reason: "abort" | "stale"): SceneParts {
  return {
    run: async (stage) => {
      const attempt = await give(stage, { leaseSeconds });
      await atWork(stage, attempt);
      attempt.mayGoOn = reason;
      await settled(stage, attempt, stopWithinMs);
      return { attempts: [attempt] };
    },
  };
}

/** The same delivery while it is at work, and once more when it is done. */
async function twice(stage: Stage): Promise<Scene> {
  const attempt = await give(stage);
  await when(stage, () => attempt.takenMs !== undefined);
  await stage.side.again?.(attempt);
  await settled(stage, attempt);
  await stage.side.again?.(attempt);
  await delay(300);
  return { attempts: [attempt] };
}

/** A delivery that waited too long, while the answer to "may I?" is no. */
async function doubtful(stage: Stage): Promise<Scene> {
  const attempt = await stage.world.create(stage.handler, { mayGoOn: "stale" });
  Object.assign(attempt.event.data as object, { limits: { ...limitsOf(attempt), startSeconds: 0 } });
  await stage.side.give(attempt);
  await when(stage, () => attempt.said.length > 0);
  await delay(300);
  return { attempts: [attempt] };
}

const limitsOf = ({ event }: Attempt): object => (event.data as { limits: object }).limits; // we made it

/** `started` cannot be stored for a while. */
async function full(stage: Stage): Promise<Scene> {
  const attempt = await stage.world.create(stage.handler, {});
  await stage.side.give(attempt);
  await stage.side.whileFull?.(async () => {
    await delay(500);
  });
  await settled(stage, attempt);
  return { attempts: [attempt] };
}

async function forged(stage: Stage): Promise<Scene> {
  const attempt = await stage.world.create(stage.handler, {});
  const statuses: NonNullable<Scene["forged"]> = {};
  for (const how of ["unsigned", "tampered", "old", "stranger"] as const) {
    const status = await stage.side.forge?.(attempt, how);
    if (status !== undefined) statuses[how] = status;
  }
  return { attempts: [attempt], forged: statuses };
}

/** Kills the program at a point of an attempt, starts it anew, and gives the next attempt. */
function crash(
  reached: (stage: Stage, attempt: Attempt) => Promise<unknown>,
  options: { refusals?: number } = {},
): SceneParts {
  return {
    ends: true,
    run: async (stage) => {
      const first = await give(stage, options);
      await reached(stage, first);
      await stage.program?.kill();
      first.mayGoOn = "stale";
      const back = await begin(stage);
      const again = answerOf(first) === undefined ? { again: first, attempt: 2 } : {};
      const second = await done(stage, again);
      return { attempts: [first, second], back };
    },
  };
}

/** Told to stop while it works, it finishes or hands back, and ends. */
async function shutdown(stage: Stage): Promise<Scene> {
  const attempt = await give(stage);
  await atWork(stage, attempt);
  const stopped = (await stage.program?.stop(stopWithinMs)) ?? "stayed";
  if (stopped === "stayed") await stage.program?.kill();
  const back = await begin(stage);
  return { attempts: [attempt], stopped, back };
}
