import { expect, onTestFinished, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { installed, openBed, refusalOf, type Bed } from "./fixture/bed.ts";
import { bytesNamed, Life } from "./fixture/life.ts";

const nats = natsForThisFile();

async function aTracker(): Promise<Bed> {
  const database = await freshDatabase(installed);
  const bed = await openBed({ natsUrl: nats.url, adminUrl: database.url, prefix: prefix() });
  onTestFinished(async () => {
    await bed.close();
    await database.drop();
  });
  const { ready } = await bed.start();
  await until("the tracker to be active", () => ready().ready);
  return bed;
}

test("a run is a tree: what it pinned, its tasks with their attempts, what they used and made", async () => {
  const bed = await aTracker();
  const life = new Life("seattle-57");
  const [data, model] = [bytesNamed("data", "data.csv"), bytesNamed("model", "model")];
  const problem = { code: "E_CRASHED", what: "The command was killed." };
  const after = await bed.say(
    life.started(),
    life.task("train", "triggered", { data: { inputs: { data }, limits: {}, handlerversion: "8" } }),
    life.task("train", "started"),
    life.task("train", "finished", { status: "errored", data: { problem, message: "killed" } }),
    life.task("train", "triggered", {
      attempt: 2,
      data: { inputs: { data }, limits: {}, handlerversion: "8" },
    }),
    life.task("train", "progressed", { attempt: 2, data: { fraction: 0.5, message: "half" } }),
    life.task("train", "finished", {
      attempt: 2,
      data: { outputs: { model, metrics: { accuracy: 0.5 } }, logs: [data] },
    }),
    life.finished("warning", { accuracy: 0.9 }),
  );
  const tree = await bed.ask.run({ ref: "seattle-57", after });
  expect(tree.run).toMatchObject({
    state: "warning",
    verdict: "warning",
    metrics: { accuracy: 0.9 },
    project: "weather",
  });
  expect(tree.pinned).toMatchObject({ seed: 1, bindings: { train: "train" } });
  expect(tree.tasks).toMatchObject([
    {
      step: "train",
      state: "pass",
      outputs: { model },
      logs: [data],
      attempts: [
        { attempt: 1, status: "errored", problem, message: "killed", handlerversion: "8" },
        { attempt: 2, status: "succeeded", progress: { fraction: 0.5, message: "half" } },
      ],
    },
  ]);
  const task = `${life.run}/train`;
  expect(await bed.ask.artifact({ digest: model.digest, project: "weather" })).toEqual({
    known: true,
    mediaType: "text/csv",
    name: "model",
    producedBy: [task],
    usedBy: [],
  });
  expect(await bed.ask.artifact({ digest: data.digest })).toMatchObject({ known: true, usedBy: [task] });
  expect(await bed.ask.artifact({ digest: model.digest, project: "other" })).toMatchObject({
    known: false,
  });
});

test("what a run pinned is shown with all the digits of its numbers", async () => {
  const bed = await aTracker();
  const life = new Life("seattle-57");
  const { data, ...started } = life.started();
  const after = await bed.say({ ...started, data: { ...Object(data), seed: 9007199254740993n } });
  expect((await bed.ask.run({ ref: "seattle-57", after })).pinned).toMatchObject({ seed: 9007199254740993n });
});

test("a run is named by id, by name, or with its project; an unknown one names its neighbours", async () => {
  const bed = await aTracker();
  const [here, there] = [new Life("seattle-57"), new Life("seattle-57", "traffic")];
  const after = await bed.say(here.started(), there.started(), new Life("seattle-58").started());
  const runOf = async (ref: string, project?: string): Promise<string> =>
    (await bed.ask.run({ ref, after, ...(project !== undefined && { project }) })).run.run;
  expect(await runOf(here.run)).toBe(here.run);
  expect(await runOf("traffic:seattle-57")).toBe(there.run);
  expect(await runOf("seattle-57", "weather")).toBe(here.run);
  expect(await refusalOf(runOf("seattle-57"))).toContain(`E_AMBIGUOUS traffic:seattle-57 (${there.run})`);
  expect(await refusalOf(runOf("seattle-75", "weather"))).toContain("E_NOT_FOUND Near it: seattle-5");
});

test("runs come newest first, page by page, and are found by state, name and metric", async () => {
  const bed = await aTracker();
  const lives = [1, 2, 3].map((n) => new Life(`seattle-${n}`));
  const finished = lives
    .slice(0, 2)
    .map((life, n) => life.finished(n === 0 ? "fail" : "pass", { accuracy: 0.7 + n / 10 }));
  const after = await bed.say(
    ...lives.map((life) => life.started()),
    ...finished,
    lives[2]!.task("train", "triggered"),
  );
  const found = async (filter: string): Promise<string[]> =>
    (await bed.ask.runs({ filter, after })).runs.map(({ runname }) => runname);
  expect(await found("")).toEqual(["seattle-3", "seattle-2", "seattle-1"]);
  expect(await found("accuracy>0.75")).toEqual(["seattle-2"]);
  expect(await found("outcome=fail | state=running")).toEqual(["seattle-3", "seattle-1"]);
  const first = await bed.ask.runs({ limit: 2 });
  expect(first.runs[0]).toMatchObject({ state: "running", tasks: { total: 1, cached: 0 } });
  const second = await bed.ask.runs({ limit: 2, cursor: first.next! });
  expect(second.runs.map(({ runname }) => runname)).toEqual(["seattle-1"]);
});
