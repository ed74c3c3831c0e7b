import { describe, expect, test } from "vitest";
import { runStarted } from "@jackfield/spec/facts/run";
import { decide } from "./decide.ts";
import { inWords, Story } from "./story.ts";
import { answer, builtInCatalogue, newest, said, started, weather } from "./story-events.ts";

const open = () => weather(new Story(builtInCatalogue));
const request = (id: string, data: object = {}) => said("run.requested", { id, subproject: "seattle", data });

describe("a run of the default lifecycle", () => {
  test("goes from step to step and ends with the verdict of evaluate", () => {
    const story = open();
    expect(story.when(request("r1")).map(inWords)).toEqual(["run.started", "fetch.triggered → fetch"]);
    const fetching = newest(story, "fetch.triggered");
    expect(story.when(started(fetching), answer(fetching, "pass")).map(inWords)).toEqual([
      "dataset.published",
      "split.triggered → split",
    ]);
    story.given(answer(newest(story, "split.triggered"), "pass"));
    expect(story.when(answer(newest(story, "train.triggered"), "pass")).map(inWords)).toEqual([
      "model.published",
      "evaluate.triggered → evaluate",
    ]);
    const judged = answer(newest(story, "evaluate.triggered"), "pass", { workSeconds: 1.5 });
    expect(story.when(judged).map(inWords)).toEqual(["run.finished pass"]);
    expect(newest(story, "run.finished")).toMatchObject({
      runname: "seattle-1",
      correlationid: "r1",
      causationid: judged.id,
      data: {
        verdict: "pass",
        tasks: { total: 4, cached: 0 },
        metrics: { accuracy: 0.8356 },
        workSeconds: 1.5,
      },
    });
  });

  test("gives each step what the steps before it answered", () => {
    const story = open().given(request("r1", { seed: 42 }));
    story.given(answer(newest(story, "fetch.triggered"), "pass"));
    story.given(answer(newest(story, "split.triggered"), "pass"));
    expect(newest(story, "train.triggered").data).toMatchObject({
      inputs: { target: "weather", params: { trees: 100 }, seed: 42, dataset: { train: { rows: 1_096 } } },
      limits: { startSeconds: 30, leaseSeconds: 60, finishSeconds: 86_400, attempts: 3 },
      handlerversion: "1",
    });
  });

  test("ends with fail when a gate says no, and names the task", () => {
    const story = open().given(request("r1"));
    for (const step of ["fetch", "split", "train"]) {
      story.given(answer(newest(story, `${step}.triggered`), "pass"));
    }
    const no = answer(newest(story, "evaluate.triggered"), "fail", { message: "accuracy 0.773 < 0.80" });
    expect(story.when(no).map(inWords)).toEqual(["run.finished fail"]);
    expect(newest(story, "run.finished").data).toMatchObject({
      because: { message: "accuracy 0.773 < 0.80" },
    });
  });

  test("skips what needed a failed step", () => {
    const story = open().given(request("r1"));
    story.given(answer(newest(story, "fetch.triggered"), "pass"));
    const no = answer(newest(story, "split.triggered"), "fail");
    expect(story.when(no).map(inWords)).toEqual(["run.finished fail"]);
    expect([...story.state.tasks.values()].map(({ step, status }) => `${step} ${status}`)).toEqual([
      "fetch done",
      "split done",
      "train skipped",
      "evaluate skipped",
    ]);
  });
});

describe("a request", () => {
  test("that comes again is the same run", () => {
    const story = open();
    const asked = request("r1");
    const first = story.when(asked).map(({ run }) => run);
    story.when(asked);
    expect(new Set(first).size).toBe(1);
    expect(story.state.runs.size).toBe(1);
    expect(story.log.filter(({ type }) => type === runStarted.type)).toHaveLength(1);
  });

  test("under the id of another one, with other content, starts nothing: the first stands", () => {
    const story = open();
    story.given(request("r1"));
    expect(
      story.when(said("run.requested", { id: "r1", subproject: "seattle", stage: "production" })),
    ).toEqual([]);
    expect(story.state.runs.size).toBe(1);
  });

  test("counts names in stream order, also when two lie in one batch", () => {
    const story = open();
    story.when(request("r1"), request("r2"));
    const names = story.log.filter(({ type }) => type === runStarted.type).map(({ runname }) => runname);
    expect(names).toEqual(["seattle-1", "seattle-2"]);
  });

  test("takes the seed of the last run of its run configuration, unless it asks for a fresh one", () => {
    const story = open();
    const seedOf = (id: string, data: object) => {
      story.given(request(id, data));
      return runStarted.data.parse(newest(story, "run.started").data).seed;
    };
    const first = seedOf("r1", {});
    expect(seedOf("r2", {})).toBe(first);
    expect(seedOf("r3", { set: { "train.params.trees": 20 } })).not.toBe(first);
    const fresh = seedOf("r4", { fresh: true });
    expect(fresh).not.toBe(first);
    expect(seedOf("r5", {})).toBe(fresh);
  });

  test("for a subproject that is not there is refused with the nearest names", () => {
    const story = open();
    expect(story.when(said("run.requested", { id: "r1", subproject: "seatle" })).map(inWords)).toEqual([
      "run.refused",
    ]);
    expect(newest(story, "run.refused").data).toMatchObject({
      problem: {
        code: "E_NOT_FOUND",
        what: "No subproject seatle in project weather.",
        why: "nearest: seattle",
      },
    });
  });

  test("that sets a value at a path that does not exist is refused with the nearest path", () => {
    const story = open().given(request("r1", { set: { "trian.params.trees": 20 } }));
    expect(newest(story, "run.refused").data).toMatchObject({
      problem: { code: "E_INVALID", why: expect.stringContaining("train.params.trees") as unknown },
    });
  });

  test("for one task runs it alone, with its own inputs", () => {
    const story = open();
    const inputs = { source: { from: "/data/x.csv" } };
    expect(story.when(said("fetch.requested", { id: "f1", data: { inputs } })).map(inWords)).toEqual([
      "run.started",
      "fetch.triggered → fetch",
    ]);
    expect(newest(story, "fetch.triggered")).toMatchObject({ runname: "fetch-1", data: { inputs } });
    const [, end] = story.when(answer(newest(story, "fetch.triggered"), "pass"));
    expect(inWords(end!)).toBe("run.finished pass");
    expect(end!.data).toMatchObject({ verdict: "none" });
  });

  test("for a capability that nobody knows is refused", () => {
    const story = open().given(said("tran.requested", { data: { inputs: {} } }));
    expect(newest(story, "run.refused").data).toMatchObject({
      problem: { code: "E_NO_CAPABILITY", why: "nearest: train" },
    });
  });

  test("to do a run again takes over what that was given, and pins handlers anew", () => {
    const story = open().given(request("r1", { seed: 7, set: { "train.params.trees": 20 } }));
    const first = newest(story, "run.started");
    story.given(request("r2", { retryof: first.run }));
    const before = runStarted.data.parse(first.data);
    expect(newest(story, "run.started").data).toMatchObject({
      retryof: first.run,
      seed: 7,
      configuration: before.configuration,
    });
  });
});

test("Only an answer is looked up among the tasks: a shell would ask its database in vain for anything else", () => {
  const story = open().given(request("r1"));
  const asked: string[] = [];
  const tasks = { get: (key: string) => (asked.push(key), story.state.tasks.get(key)) };
  const event = newest(story, "run.started");
  const context = { changes: [], catalogue: builtInCatalogue, now: story.now(), decided: () => false };
  decide({ ...story.state, tasks }, { event, position: { epoch: 1, sequence: 99 } }, context);
  expect(asked).toEqual([]);
});
