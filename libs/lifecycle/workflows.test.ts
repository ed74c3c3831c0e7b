import { describe, expect, test } from "vitest";
import { runRefused, runStarted } from "@jackfield/spec/facts/run";
import type { AppliedProject } from "@jackfield/spec/project/configuration";
import type { Step } from "@jackfield/spec/project/workflow";
import { inWords, Story } from "./story.ts";
import {
  answer,
  applied,
  builtInCatalogue,
  description,
  lifecycleOn,
  newest,
  registered,
  said,
} from "./story-events.ts";

const noop = (name: string, needs: string[] = [], parts: Partial<Step> = {}): Step => ({
  name,
  capability: "noop",
  needs,
  with: {},
  ...parts,
});

/** A project whose workflows are made of one capability that only a handler knows. */
const open = (workflows: AppliedProject["workflows"]): Story =>
  registered(
    new Story(builtInCatalogue).given(applied({ workflows: { ...lifecycleOn(), ...workflows } })),
    description("worker", ["noop"]),
  );

const request = (workflow: string) => said("run.requested", { subproject: "seattle", data: { workflow } });
const pass = (story: Story, outputs: object = {}) =>
  story.given(answer(newest(story, "noop.triggered"), "pass", { outputs: { ...outputs } }));

describe("a workflow of a project", () => {
  test("is asked for by name, and hands on what its steps answer", () => {
    const chain = [
      noop("a"),
      noop("b", ["a"], { with: { x: "/a/y" } }),
      noop("c", ["a", "b"], { with: { x: "/run/id" } }),
    ];
    const story = open({ chain: { on: [], steps: chain } }).given(request("chain"));
    pass(story, { y: 7 });
    expect(newest(story, "noop.triggered").data).toMatchObject({ inputs: { x: 7 } });
    pass(pass(story));
    expect(story.log.slice(2).map(inWords)).toEqual([
      "run.requested",
      "run.started",
      ...["a", "b", "c"].flatMap(() => ["noop.triggered → worker", "noop.finished pass"]),
      "run.finished pass",
    ]);
    expect(newest(story, "run.finished")).toMatchObject({ workflow: "chain", runname: "seattle-1" });
  });

  test("that is not there is refused, and those that are there are named", () => {
    const story = open({ chain: { on: [], steps: [noop("a")] } }).given(request("chian"));
    expect(runRefused.data.parse(newest(story, "run.refused").data).problem).toMatchObject({
      code: "E_NOT_FOUND",
      why: "known: lifecycle, chain",
    });
  });

  test("starts on its own triggers, beside the others", () => {
    const story = open({
      first: { on: ["com.example.tick"], steps: [noop("a")] },
      second: { on: ["com.example.*", "run.finished workflow=first outcome=pass"], steps: [noop("a")] },
    });
    const workflows = () =>
      story.log.filter(({ type }) => type === runStarted.type).map((run) => run["workflow"]);
    story.given(said("com.example.tick", { subproject: "seattle" }));
    expect(workflows()).toEqual(["first", "second"]);
    const [first] = story.log.filter(({ type }) => type.includes("noop.triggered"));
    story.given(answer(first!, "pass"));
    expect(workflows()).toEqual(["first", "second", "second"]);
  });

  test("that an apply takes the current step from goes on as it began", () => {
    const story = open({ chain: { on: [], steps: [noop("a"), noop("b", ["a"])] } }).given(request("chain"));
    story.given(applied({ workflows: lifecycleOn() }, 2));
    pass(pass(story));
    expect(newest(story, "run.finished")).toMatchObject({
      status: "succeeded",
      data: { tasks: { total: 2 } },
    });
  });

  test("that feeds itself ends, visibly, sixteen deep", () => {
    const story = open({ loop: { on: ["run.finished workflow=loop"], steps: [noop("a")] } });
    story.given(request("loop"));
    for (let turn = 0; turn < 30; turn += 1) {
      const asked = newest(story, "noop.triggered");
      story.given(answer(asked, "pass"));
    }
    const depths = story.log
      .filter(({ type }) => type === runStarted.type)
      .map(({ data }) => runStarted.data.parse(data).depth);
    expect(depths).toEqual(Array.from({ length: 15 }, (_, index) => index + 1));
    expect(runRefused.data.parse(newest(story, "run.refused").data).problem.code).toBe("E_TOO_DEEP");
  });
});
