import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import { expect } from "vitest";
import { shortType } from "@jackfield/spec/event/type";
import { until } from "../bed/until.ts";
import { readHistory, type Line } from "../checker/history.ts";
import { readStores } from "../checker/stores.ts";
import { streamEnd, withConnection } from "../checker/stream.ts";
import { printVerdict } from "../checker/verdict.ts";
import type { Dice } from "./dice.ts";
import { FaultWorld } from "./fault-world.ts";
import { slowest, soonMs } from "./pace.ts";

/** How long a task takes. */
const workMs = 1_200;
const stream = "EVENTS";

/** What an administrator deletes while runs are at work. */
const deletions: [what: string, strike: (manager: JetStreamManager, dice: Dice) => Promise<unknown>][] = [
  [
    "one consumer of a handler",
    async (manager, dice) => {
      const names = (await consumers(manager)).filter((name) => name.startsWith("faults-steps-"));
      const [name = ""] = dice.shuffled(names);
      return manager.consumers.delete(stream, name);
    },
  ],
  [
    "all consumers",
    async (manager) =>
      Promise.all((await consumers(manager)).map((name) => manager.consumers.delete(stream, name))),
  ],
  ["the stream", (manager) => manager.streams.delete(stream)],
];

async function consumers(manager: JetStreamManager): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of manager.consumers.list(stream)) names.push(name);
  return names;
}

/** Deletes one after the other under work, in an order that the dice give; after each everything goes on by itself. */
export async function deleteEverything(dice: Dice): Promise<void> {
  await using faults = await FaultWorld.begin({ work: { milliseconds: workMs } });
  for (const [what, strike] of dice.shuffled(deletions)) {
    const requests = await faults.request(4);
    await atWork(faults);
    faults.record({ op: "fault", what: `an administrator deletes ${what}`, part: "blow" });
    await withConnection(await faults.nats(), async (connection) =>
      strike(await jetstreamManager(connection), dice),
    );
    await newRun(faults, what);
    await faults.over(requests);
  }
  // Between the log and the stream that was made anew the tracker notes a gap.
  const { epoch } = await streamEnd(await faults.nats());
  faults.record({ op: "lie", what: "the gap where the stream was deleted", position: `${epoch}-0` });
  const verdict = await faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}

/** Tasks were begun a moment ago, and what was said so far is in the log: only that survives its stream. */
async function atWork(faults: FaultWorld): Promise<void> {
  const postgresUrl = await faults.postgresUrl();
  const caughtUp = async (): Promise<boolean> => {
    const { last, epoch } = await streamEnd(await faults.nats());
    const { position } = (await readStores(postgresUrl)).tracker;
    const atMs = begunMs(readHistory(faults.history));
    const young = atMs.every((begun) => Date.now() - begun < workMs / 2);
    return atMs.length > 0 && young && position?.epoch === epoch && position.sequence === last;
  };
  await until("a moment in which all work and nobody speaks", caughtUp, { withinMs: 20_000, everyMs: 50 });
}

/** When each execution that has not ended began. */
function begunMs(history: readonly Line[]): number[] {
  const open = new Map<string, number>();
  for (const line of history) {
    if (line.op !== "execute") continue;
    const name = `${line.task} ${line.attempt}`;
    if (line.part === "begin") open.set(name, line.at);
    else open.delete(name);
  }
  return [...open.values()];
}

/** What is asked for now is answered soon by everybody, whatever was deleted. */
async function newRun(faults: FaultWorld, what: string): Promise<void> {
  const sinceMs = Date.now();
  const [request] = await faults.request(1);
  const started = await faults.world.happened("run.started", ({ causationid }) => causationid === request);
  await faults.world.happened("run.finished", ({ run }) => run === started.run, 60_000);
  const said = faults.world.seen.filter(({ event }) => event?.run === started.run);
  expect(shortType(said.at(-1)?.event?.type ?? "")).toBe("run.finished");
  expect(slowest(said, sinceMs), what).toBeLessThan(soonMs);
}
