import { expect } from "vitest";
import { registration } from "@jackfield/lifecycle/handlers";
import { answer, applied, description, started } from "@jackfield/lifecycle/story-events";
import type { Step } from "@jackfield/spec/project/workflow";
import { longType } from "@jackfield/spec/event/type";
import type { World } from "./story-world.ts";

const worker = description("worker", ["noop"]);

/** What was seen of a conductor while it went through a wide foreach. */
interface Seen {
  /** The most rows of tasks, and of what waits, that were in memory at once. */
  rows: number;
  ready: number;
  /** The longest row of the foreach, in characters. */
  longestRow: number;
}

/** Goes through so many items with a conductor whose memory is looked at, and a worker that answers at once. */
async function playWide(world: World, items: number, slots: number): Promise<Seen> {
  const { conductor, close } = await world.bare();
  const each: Step = {
    ...{ name: "each", capability: "noop", needs: [], with: { n: "/item" } },
    foreach: { in: items },
  };
  await world.say(applied({ workflows: { lifecycle: { on: [], steps: [each] } } }));
  const fact = registration(conductor.state, worker, new Date().toISOString());
  if (fact !== undefined) await world.say(fact);
  await world.until("the worker is known", () => [...conductor.state.handlers.values()].length > 0);
  const greet = (): unknown =>
    conductor.live.greet(
      { description: worker, instance: "i1", concurrency: slots, leaving: false },
      performance.now(),
    );
  greet();
  const seen: Seen = { rows: 0, ready: 0, longestRow: 0 };
  let read = 0;
  await world.run({ cache: false });
  await world.until(
    "the run finishes",
    async () => {
      greet();
      const fresh = world.entries.slice(read).map(({ event }) => event);
      read += fresh.length;
      const triggered = fresh.filter(({ type }) => type === longType("noop.triggered"));
      await world.say(...triggered.flatMap((one) => [started(one), answer(one, "pass", { outputs: {} })]));
      look(seen, conductor);
      return fresh.some(({ type }) => type === longType("run.finished"));
    },
    20_000 + items * 20,
  );
  await close();
  return seen;
}

/** All items pass, and no more was ever in memory than what those at work need. */
export async function expectWideIsFlat(world: World, items: number, slots: number): Promise<void> {
  const seen = await playWide(world, items, slots);
  expect(world.all("run.finished")[0]).toMatchObject({
    result: "pass",
    data: { tasks: { total: items + 1 } },
  });
  expect(world.count("noop.triggered")).toBe(items);
  expect(seen.ready).toBeLessThanOrEqual(slots + 10);
  // At work, on their way, and done in the batch that is being written.
  expect(seen.rows).toBeLessThan(slots * 10);
  expect(seen.longestRow).toBeLessThan(2_000);
}

function look(seen: Seen, { state, atWork }: Awaited<ReturnType<World["bare"]>>["conductor"]): void {
  const rows = state.tasks as unknown as { size: number; values(): Iterable<object> }; // the shell's own table
  seen.rows = Math.max(seen.rows, rows.size);
  seen.ready = Math.max(seen.ready, atWork.ready.size);
  for (const row of rows.values())
    if ("begun" in row) seen.longestRow = Math.max(seen.longestRow, JSON.stringify(row).length);
}
