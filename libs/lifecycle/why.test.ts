import { describe, expect, test } from "vitest";
import { rebind } from "./bindings.ts";
import { Story } from "./story.ts";
import { answer, builtInCatalogue, description, newest, registered, said, weather } from "./story-events.ts";
import { whyEvent, whyRun, whyTask, type Present } from "./why.ts";

const steps = ["fetch", "split", "train", "evaluate"];
const nobody: Present = {
  waitsFor: () => undefined,
  workingSeconds: () => undefined,
  keptBefore: () => undefined,
};
const request = () => said("run.requested", { subproject: "seattle" });
const refusedGate = {
  outputs: {
    verdict: "fail",
    gate: [{ metric: "accuracy", condition: ">= 0.80", value: 0.77311, pass: false }],
  },
};

function tasksOf(story: Story) {
  const run = story.state.runs.get(newest(story, "run.started").run ?? "")!;
  return { run, tasks: [...story.state.tasks.values()].filter((task) => task.run === run.id) };
}

describe("why", () => {
  test("names the conditions of a gate that was not met, and for each step what the cache did", () => {
    const story = registered(weather(new Story(builtInCatalogue)), description("logistic", ["train"]));
    story.given(request());
    for (const step of steps) story.given(answer(newest(story, `${step}.triggered`), "pass"));
    const bound = { project: "weather", capability: "train", handler: "logistic", undo: false };
    story.given(rebind(story.state, bound, story.now()), request());
    const model = `sha256:${"e".repeat(64)}`;
    const other = {
      model: { mediaType: "x", digest: model, size: 1 },
      predictions: { mediaType: "x", digest: model },
    };
    story.given(answer(newest(story, "train.triggered"), "pass", { outputs: other }));
    story.given(answer(newest(story, "evaluate.triggered"), "fail", refusedGate));
    const { run, tasks } = tasksOf(story);
    const keptBefore: Present["keptBefore"] = (task) =>
      [...story.state.cache.values()].find((entry) => entry.capability === task.capability);
    expect(whyRun(run, tasks, { ...nobody, keptBefore })).toEqual({
      what: "seattle-2 failed: the verdict is no.",
      state: "fail",
      because: ["evaluate: accuracy 0.7731 is not >= 0.80"],
      next: "jackfield show seattle-2",
      cache: [
        "fetch: answered from the cache",
        "split: answered from the cache",
        "train: not as in seattle-1: handler (command → logistic)",
        expect.stringContaining("evaluate: not as in seattle-1: predictions (sha256:") as unknown,
      ],
    });
  });

  test("names the problem of what could not run, and what was not done because of it", () => {
    const story = weather(new Story(builtInCatalogue)).given(request());
    const problem = { code: "E_NO_COLUMN", what: "There is no column wether.", why: "nearest: weather" };
    story.given(answer(newest(story, "fetch.triggered"), "errored", { problem }));
    const { run, tasks } = tasksOf(story);
    expect(whyRun(run, tasks, nobody)).toMatchObject({
      state: "errored",
      because: ["fetch: E_NO_COLUMN There is no column wether.\nnearest: weather"],
      next: "jackfield retry seattle-1",
    });
    const skipped = tasks.find((task) => task.step === "train")!;
    expect(whyTask(skipped, run, nobody).because).toEqual([`${run.id}/fetch ended its branch`]);
  });

  test("tells who works on a task since when, and what a ready one waits for", () => {
    const story = weather(new Story(builtInCatalogue, { concurrency: 0 })).given(request());
    const { run, tasks } = tasksOf(story);
    const waitsFor = () => "waits for a free worker of fetch";
    expect(whyRun(run, tasks, { ...nobody, waitsFor }).because).toEqual([
      "fetch: waits for a free worker of fetch",
    ]);
    const busy = weather(new Story(builtInCatalogue)).given(request());
    const working = tasksOf(busy);
    expect(whyRun(working.run, working.tasks, { ...nobody, workingSeconds: () => 12.3 }).because).toEqual([
      "fetch: given to fetch for 12 s, which has not started yet",
    ]);
  });

  test("lists the triggers that said no to an event", () => {
    const story = weather(new Story(builtInCatalogue)).given(said("com.example.uploaded", { id: "x" }));
    const check = [...story.state.checks.values()].find(({ event }) => event === "x")!;
    expect(whyEvent(check)).toMatchObject({
      what: "Nothing reacted to x (com.example.uploaded).",
      because: ["weather on code says no: code.changed", "weather on data says no: data.changed"],
    });
  });
});
