import { describe, expect, test } from "vitest";
import { cacheKey } from "./cache-key.ts";
import { finishInPlace } from "./finish-in-place.ts";
import { steer } from "./steer-run.ts";
import { inWords, Story } from "./story.ts";
import { answer, builtInCatalogue, description, newest, registered, said, weather } from "./story-events.ts";

const open = () => weather(new Story(builtInCatalogue));
const request = (data: object = {}) => said("run.requested", { subproject: "seattle", data });
const steps = ["fetch", "split", "train", "evaluate"];

function passThrough(story: Story): Story {
  for (const step of steps) story.given(answer(newest(story, `${step}.triggered`), "pass"));
  return story;
}

describe("the cache", () => {
  test("answers a run that asks the same, step by step, and says who produced it", () => {
    const story = passThrough(open().given(request()));
    const first = newest(story, "run.started").run;
    expect(story.when(request()).map(inWords)).toEqual([
      "run.started",
      "fetch.triggered → fetch",
      "fetch.finished pass cached",
      "split.triggered → split",
      "split.finished pass cached",
      "train.triggered → command",
      "train.finished pass cached",
      "model.published",
      "evaluate.triggered → evaluate",
      "evaluate.finished pass cached",
      "run.finished pass",
    ]);
    expect(newest(story, "train.finished").data).toMatchObject({ cached: true, producedby: first });
    expect(newest(story, "run.finished").data).toMatchObject({ tasks: { total: 4, cached: 4 } });
  });

  test("gives the same refusal again", () => {
    const story = open().given(request());
    for (const step of steps) {
      story.given(answer(newest(story, `${step}.triggered`), step === "evaluate" ? "fail" : "pass"));
    }
    expect(story.when(request()).map(inWords).slice(-2)).toEqual([
      "evaluate.finished fail cached",
      "run.finished fail",
    ]);
  });

  test("is not asked by a run that does not want it, yet filled by it", () => {
    const story = passThrough(open().given(request({ cache: false })));
    expect(story.when(request({ cache: false })).map(inWords)).toEqual([
      "run.started",
      "fetch.triggered → fetch",
    ]);
    passThrough(story);
    expect(story.when(request()).map(inWords)).toContain("fetch.finished pass cached");
  });

  test("does not keep a source from being read again", () => {
    const story = passThrough(open().given(request()));
    expect(story.when(request({ refresh: true })).map(inWords)).toEqual([
      "run.started",
      "fetch.triggered → fetch",
    ]);
  });

  test("knows a handler's version and environment", () => {
    const story = passThrough(open().given(request()));
    registered(story, description("fetch", ["fetch"], { version: "2" }));
    expect(story.when(request()).map(inWords)).toEqual(["run.started", "fetch.triggered → fetch"]);
  });

  test("does not keep what did not succeed", () => {
    const story = open().given(request());
    const refusal = { problem: { code: "E_EXIT", what: "It exited with 2." }, retry: false };
    story.given(answer(newest(story, "fetch.triggered"), "errored", refusal));
    expect(story.when(request()).map(inWords)).toEqual(["run.started", "fetch.triggered → fetch"]);
  });
});

describe("equal work at the same time", () => {
  test("is done once; the others are answered when the leader has finished", () => {
    const story = open();
    expect(story.when(request(), request(), request()).map(inWords)).toEqual([
      "run.started",
      "run.started",
      "run.started",
      "fetch.triggered → fetch",
    ]);
    const led = story.when(answer(newest(story, "fetch.triggered"), "pass")).map(inWords);
    expect(led.filter((word) => word === "fetch.finished pass cached")).toHaveLength(2);
    expect(led.filter((word) => word.startsWith("split.triggered"))).toHaveLength(1);
    expect(led.filter((word) => word === "dataset.published")).toHaveLength(1);
  });

  test("goes to the next one when the leader fails", () => {
    const story = open();
    story.when(request(), request());
    const refusal = { problem: { code: "E_EXIT", what: "It exited with 2." }, retry: false };
    const words = story.when(answer(newest(story, "fetch.triggered"), "errored", refusal)).map(inWords);
    expect(words).toEqual(["run.finished errored", "fetch.triggered → fetch"]);
  });

  test.each(["paused", "aborted"] as const)(
    "goes to the next one when the leader's run is %s",
    (predicate) => {
      const story = open();
      story.when(request(), request());
      const leader = story.state.runs.get(newest(story, "fetch.triggered").run ?? "")!;
      const words = story.when(steer(leader, predicate, {}, story.now())).map(inWords);
      expect(words).toContain("fetch.triggered → fetch");
      expect(newest(story, "fetch.triggered").run).not.toBe(leader.id);
    },
  );
});

describe("a cache key", () => {
  const who = { handler: "command", version: "1", contract: "1.0.0", environment: undefined };
  const at = { project: "weather", capability: "train" };
  const table = { mediaType: "application/vnd.apache.parquet", digest: `sha256:${"a".repeat(64)}`, size: 1 };
  const key = cacheKey(at, who, { dataset: { ...table, name: "a", rows: 3, columns: [] }, seed: 1 });

  test("names artifacts by their bytes alone", () => {
    expect(cacheKey(at, who, { seed: 1, dataset: { ...table, name: "b" } })).toBe(key);
  });

  test("changes with everything that changes the answer", () => {
    const dataset = { ...table };
    const others = [
      cacheKey({ ...at, project: "other" }, who, { dataset, seed: 1 }),
      cacheKey(at, { ...who, handler: "logistic" }, { dataset, seed: 1 }),
      cacheKey(at, { ...who, environment: "node 22" }, { dataset, seed: 1 }),
      cacheKey(at, who, { dataset, seed: 2 }),
      cacheKey(at, who, { dataset: { ...table, digest: `sha256:${"b".repeat(64)}` }, seed: 1 }),
    ];
    expect(new Set([key, ...others]).size).toBe(6);
  });
});

test("a finished in the handler's place has the handler's id and the conductor's source", () => {
  const story = open().given(request());
  const task = story.state.tasks.get(newest(story, "fetch.triggered").subject ?? "")!;
  if (task.status !== "triggered") throw new Error(task.status);
  const event = finishInPlace(
    story.state.runs.get(task.run)!,
    task,
    { status: "aborted", data: {} },
    story.now(),
  );
  expect(event).toMatchObject({
    id: `${task.id}/fetch/1/finished`,
    source: "/jackfield/conductor",
    handler: "fetch",
    triggeredid: task.triggeredid,
  });
});
