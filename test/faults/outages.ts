import { setTimeout as delay } from "node:timers/promises";
import { shortType } from "@jackfield/spec/event/type";
import { until } from "../bed/until.ts";
import type { Event } from "../checker/envelope.ts";
import { emptyFolder } from "../journeys/world.ts";
import { Clock } from "./clock.ts";
import { FaultWorld, type FaultOptions } from "./fault-world.ts";
import { OwnPostgres } from "./own-postgres.ts";

/** A fault world whose PostgreSQL can be gone, and whose clocks can be wrong. */
export interface OutageWorld extends AsyncDisposable {
  faults: FaultWorld;
  postgres: OwnPostgres;
  clock: Clock;
}

/** The shortest that there is, so that whoever is given up wrongly is so while the test looks. */
export const leaseSeconds = 6;

export async function beginOutages(
  work: FaultOptions["work"] = {},
  lease = leaseSeconds,
): Promise<OutageWorld> {
  const folder = await emptyFolder();
  const [postgres, clock] = [await OwnPostgres.start(folder), new Clock(folder)];
  const faults = await FaultWorld.begin({
    environment: {
      ...clock.environment,
      JACKFIELD_POSTGRES_URL: postgres.url,
      JACKFIELD_LEASE_SECONDS: String(lease),
    },
    work,
  });
  return { faults, postgres, clock, [Symbol.asyncDispose]: () => faults[Symbol.asyncDispose]() };
}

const named = (faults: FaultWorld, short: RegExp): Event[] =>
  faults.world.events.filter(({ type }) => short.test(shortType(type)));

/** What was given up, taken over or lost though nobody had failed: attempts after the first, and facts that tell of it. */
export const falseAlarms = (faults: FaultWorld): string[] => [
  ...named(faults, /\.triggered$/).flatMap(({ id, attempt }) => (attempt === 1 ? [] : [id])),
  ...named(faults, /^(handler\.lost|delivery\.parked)$/).map(({ id }) => id),
];

/** Answers that came when another had counted already. */
export function lateAnswers(faults: FaultWorld): Event[] {
  const counted = new Set<unknown>();
  return named(faults, /\.finished$/).filter(({ triggeredid }) => {
    if (triggeredid === undefined || !counted.has(triggeredid)) return void counted.add(triggeredid);
    return true;
  });
}

/** Waits until so many tasks of a step are at work. */
export const atWork = (faults: FaultWorld, step: string, count: number): Promise<unknown> =>
  until(
    `${count} tasks at work`,
    () => {
      const begun = named(faults, new RegExp(`^${step}\\.started$`)).length;
      return begun - named(faults, new RegExp(`^${step}\\.finished$`)).length >= count;
    },
    { withinMs: 60_000, everyMs: 50 },
  );

/** PostgreSQL is gone for so long while tasks are at work. */
export async function postgresGone(
  { faults, postgres }: OutageWorld,
  { tasks, forMs }: { tasks: number; forMs: number },
): Promise<void> {
  const asked = await faults.request(tasks, { atOnce: 16 });
  await atWork(faults, "train", tasks);
  faults.record({ op: "fault", what: "PostgreSQL is gone", part: "begin" });
  await postgres.stop();
  await delay(forMs);
  await postgres.startAgain();
  faults.record({ op: "fault", what: "PostgreSQL is gone", part: "end" });
  await faults.over(asked, 120_000);
}

/** The conductor stands still for so long while tasks are at work. */
export async function conductorStands(
  { faults }: OutageWorld,
  { tasks, forMs }: { tasks: number; forMs: number },
): Promise<void> {
  const asked = await faults.request(tasks, { atOnce: 16 });
  await atWork(faults, "train", tasks);
  await faults.freeze("conductor", forMs);
  await faults.over(asked, 60_000);
}

const hourMs = 3_600_000;

/**
 * The clocks of all processes jump an hour forward, and two back, while tasks are at work. Answers with how far the times
 * that events carry were from the server's, in hours.
 */
export async function clocksJump({ faults, clock }: OutageWorld, tasks: number): Promise<Set<number>> {
  for (const offsetMs of [hourMs, -hourMs, 0]) {
    const asked = await faults.request(tasks);
    await atWork(faults, "train", tasks);
    faults.record({ op: "fault", what: `the clocks are wrong by ${offsetMs / hourMs} h`, part: "blow" });
    await clock.set(offsetMs);
    const later = await faults.request(tasks);
    await faults.over([...asked, ...later]);
  }
  return new Set(
    faults.world.seen.map(({ event, storedMs }) =>
      Math.round((Date.parse(event?.time ?? "") - storedMs) / hourMs),
    ),
  );
}

/**
 * A worker dies while others are at work and the clocks are an hour ahead of the server's; it may come back later. Answers
 * with how its attempt ended, and how many seconds after its death.
 */
export async function workerGone(
  { faults, clock }: OutageWorld,
  { comesBack }: { comesBack: boolean },
): Promise<{ message: unknown; seconds: number }> {
  const name = comesBack ? "absent" : "doomed";
  const doomed = await faults.handler({ name, millisecondsOf: { train: 600_000 } });
  await faults.world.did("bind", `train=${name}`);
  const asked = await faults.request(1);
  await faults.world.happened("train.started", ({ handler }) => handler === name);
  await faults.world.did("bind", "train=steps");
  await clock.set(hourMs);
  faults.record({ op: "fault", what: `${name} dies`, part: "blow" });
  doomed.die();
  const diedMs = performance.now();
  const others = keepAsking(faults, 500);
  const ended = await faults.world.happened("train.finished", ({ handler }) => handler === name, 30_000);
  const seconds = (performance.now() - diedMs) / 1_000;
  if (comesBack) await faults.handler({ name });
  await faults.over([...asked, ...(await others.stop())], 120_000);
  await clock.set(0);
  return { message: dataOf(ended)["message"], seconds };
}

const dataOf = ({ data }: { data?: unknown }): Record<string, unknown> =>
  typeof data === "object" && data !== null ? { ...data } : {};

/** Asks for a run again and again until stopped, which answers with all that was asked. */
export function keepAsking(faults: FaultWorld, everyMs: number): { stop(): Promise<string[]> } {
  const stopping = new AbortController();
  const ask = async (): Promise<string[]> => {
    const asked: string[] = [];
    while (!stopping.signal.aborted) {
      asked.push(...(await faults.request(1)));
      await delay(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    return asked;
  };
  const asking = ask();
  return {
    stop: () => {
      stopping.abort();
      return asking;
    },
  };
}
