import { expect, onTestFinished, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { installed, openBed, refusalOf, type Bed } from "./fixture/bed.ts";
import { Life } from "./fixture/life.ts";

const nats = natsForThisFile();

async function aTracker(): Promise<Bed> {
  const database = await freshDatabase(installed);
  const bed = await openBed({ natsUrl: nats.url, adminUrl: database.url, prefix: prefix() });
  onTestFinished(async () => {
    await bed.close();
    await database.drop();
  });
  const tracker = await bed.start();
  await until("the tracker is active", () => tracker.ready().ready);
  return bed;
}

/** The instant at which the stream took the last of these; what is said next is later. */
async function said(bed: Bed, ...events: Parameters<Bed["say"]>): Promise<string> {
  const after = await bed.say(...events);
  const [last] = (await bed.ask.events({ after, order: "newest", limit: 1 })).events;
  const at = last?.at ?? "";
  await until("another millisecond", () => Date.now() > Date.parse(at) + 1);
  return at;
}

test("runs are shown as they were: their state, their tasks and their metrics of that time, and no later run", async () => {
  const bed = await aTracker();
  const [one, two] = [new Life("seattle-1"), new Life("seattle-2")];
  const before = new Date(Date.now() - 60_000).toISOString();
  const began = await said(bed, one.started(), one.task("train", "triggered"), one.task("train", "started"));
  const ended = await said(bed, one.task("train", "finished"), one.finished("fail", { accuracy: 0.4 }));
  const later = await said(bed, two.started());

  const runsAt = async (at: string, more: object = {}) =>
    (await bed.ask.runs({ at, ...more })).runs.map(({ runname, state, metrics }) => ({
      runname,
      state,
      metrics,
    }));
  const running = { runname: "seattle-1", state: "running", metrics: {} };
  const failed = { runname: "seattle-1", state: "fail", metrics: { accuracy: 0.4 } };
  expect(await runsAt(began)).toEqual([running]);
  expect(await runsAt(ended)).toEqual([failed]);
  expect(await runsAt(later)).toEqual([{ ...running, runname: "seattle-2" }, failed]);
  expect(await runsAt(ended, { filter: "state=running" })).toEqual([]);
  expect(await runsAt(began, { filter: "state=running" })).toEqual([running]);

  const tasksAt = async (at: string) =>
    (await bed.ask.run({ ref: "seattle-1", at })).tasks.map(({ step, state }) => ({ step, state }));
  expect(await tasksAt(began)).toEqual([{ step: "train", state: "started" }]);
  expect(await tasksAt(ended)).toEqual([{ step: "train", state: "pass" }]);
  expect(await bed.ask.run({ ref: "seattle-1", at: later })).toEqual(await bed.ask.run({ ref: "seattle-1" }));

  expect(await refusalOf(bed.ask.run({ ref: "seattle-2", at: ended }))).toContain("E_NOT_FOUND");
  expect(await refusalOf(bed.ask.runs({ at: before }))).toContain("E_NOT_FOUND");
});
