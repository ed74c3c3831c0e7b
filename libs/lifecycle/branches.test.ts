import { expect, test } from "vitest";
import type { Outcome } from "@jackfield/spec/event/outcome";
import { runRefused } from "@jackfield/spec/facts/run";
import type { Step } from "@jackfield/spec/project/workflow";
import { Story } from "./story.ts";
import { answer, applied, builtInCatalogue, description, newest, registered, said } from "./story-events.ts";
import { whyTask } from "./why.ts";

/** Steps of one capability; each has other inputs, so that the cache never answers. */
const step = (name: string, needs: string[] = [], parts: Partial<Step> = {}): Step => ({
  name,
  capability: "noop",
  needs,
  with: { step: `/run/${name}`, run: "/run/id" },
  ...parts,
});

/** Runs the steps; each ends as `ends` says, else with pass. Answers with every step's state. */
function play(steps: Step[], ends: Record<string, Outcome> = {}): { story: Story; states: string } {
  const story = registered(
    new Story(builtInCatalogue).given(applied({ workflows: { lifecycle: { on: [], steps } } })),
    description("worker", ["noop"]),
  );
  const data = { cache: false };
  story.given(said("run.requested", { subproject: "seattle", data }));
  for (const [index, event] of story.log.entries()) {
    if (!event.type.includes("noop.triggered")) continue;
    const name = event.subject?.split("/")[1] ?? "";
    story.given(answer(event, ends[name] ?? "pass", { message: `${index}` }));
  }
  const states = [...story.state.tasks.values()].map((task) =>
    task.status === "done" ? `${task.step} ${task.outcome}` : `${task.step} ${task.status}`,
  );
  return { story, states: [...states, newest(story, "run.finished").result ?? "none"].join(", ") };
}

const gate = [
  step("check"),
  step("deploy", ["check"], { when: "result = 'pass'" }),
  step("mend", ["check"], { when: "result = 'fail' OR result = 'warning'" }),
  step("tell", ["mend"]),
];

test("A step is asked by when whatever the outcome of its first need, and what it guards goes its way", () => {
  expect(play(gate).states).toBe("check pass, deploy pass, mend skipped, tell skipped, pass");
  expect(play(gate, { check: "fail" }).states).toBe("check fail, deploy skipped, mend pass, tell pass, fail");
});

test("A when that cannot be answered is a no, and why says so", () => {
  const { story, states } = play([step("a"), step("b", ["a"], { when: "nosuch = 'x'" }), step("c", ["b"])]);
  expect(states).toBe("a pass, b skipped, c skipped, pass");
  const [run] = story.state.runs.values();
  const task = [...story.state.tasks.values()].find((one) => one.step === "b");
  const present = { waitsFor: () => undefined, workingSeconds: () => undefined, keptBefore: () => undefined };
  expect(whyTask(task!, run!, present).because).toEqual([
    expect.stringContaining("when nosuch = 'x' could not"),
  ]);
});

test("Only the first need is asked; the others must have passed", () => {
  const steps = [step("a"), step("b"), step("c", ["a", "b"], { when: "result = 'fail'" })];
  expect(play(steps, { a: "fail" }).states).toBe("a fail, b pass, c pass, fail");
  expect(play(steps, { a: "fail", b: "fail" }).states).toBe("a fail, b fail, c skipped, fail");
});

test("onFail: continue lets others go on after a fail, not after what could not run; the run stays a fail", () => {
  const steps = [step("a", [], { onFail: "continue" }), step("b", ["a"])];
  expect(play(steps, { a: "fail" }).states).toBe("a fail, b pass, fail");
  expect(play(steps, { a: "errored" }).states).toBe("a errored, b skipped, none");
});

test("A step that is skipped by one need is skipped, whatever comes from another", () => {
  const steps = [step("a"), step("b", ["a"], { when: "result = 'fail'" }), step("c", ["a", "b"])];
  expect(play(steps).states).toBe("a pass, b skipped, c skipped, pass");
});

test("A run whose when is no condition is refused", () => {
  const story = new Story(builtInCatalogue).given(
    applied({
      workflows: { lifecycle: { on: [], steps: [step("a"), step("b", ["a"], { when: "result =" })] } },
    }),
    said("run.requested", { subproject: "seattle" }),
  );
  expect(runRefused.data.parse(newest(story, "run.refused").data).problem).toMatchObject({
    code: "E_INVALID",
    what: "b: when is not understood",
  });
});
