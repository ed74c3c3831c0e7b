import { describe, expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Outcome } from "@jackfield/spec/event/outcome";
import { jsonLinesType } from "@jackfield/spec/project/foreach";
import { runFinished } from "@jackfield/spec/facts/run";
import type { Step } from "@jackfield/spec/project/workflow";
import { parseType } from "@jackfield/spec/event/type";
import { inWords, Story } from "./story.ts";
import { answer, applied, builtInCatalogue, description, newest, registered, said } from "./story-events.ts";
import { steer } from "./steer-run.ts";

const plan: Step = { name: "plan", capability: "plan", needs: [], with: {} };
const each: Step = {
  name: "each",
  capability: "noop",
  needs: ["plan"],
  with: { item: "/item", at: "/index", of: "/plan/name" },
  foreach: { in: "/plan/items" },
};
const after: Step = { name: "after", capability: "tell", needs: ["each"], with: { list: "/each/outputs" } };

/** A run whose first step answers with `outputs`. */
function begin(steps: Step[], outputs: Record<string, unknown> = {}, concurrency = 100): Story {
  const story = registered(
    new Story(builtInCatalogue, { concurrency }).given(
      applied({ workflows: { lifecycle: { on: [], steps } } }),
    ),
    description("worker", ["plan", "noop", "tell"]),
  );
  story.given(said("run.requested", { id: "r1", subproject: "seattle" }));
  const planned = story.log.find(({ type }) => parseType(type)?.subject === "plan");
  return planned === undefined ? story : story.given(answer(planned, "pass", { outputs }));
}

const open = (story: Story): CloudEvent[] => {
  const answered = new Set(story.log.map(({ triggeredid }) => triggeredid));
  return story.log.filter(({ type, id }) => type.includes("noop.triggered") && !answered.has(id));
};
const indexOf = ({ subject = "" }: CloudEvent): number => Number(subject.split("/@")[1]);
/** Lets every item end as it should, in whatever order they were given out. */
function finishItems(story: Story, ends: (index: number) => Outcome = () => "pass"): Story {
  for (let [next] = open(story); next !== undefined; [next] = open(story))
    story.given(answer(next, ends(indexOf(next)), { outputs: { square: indexOf(next) ** 2 } }));
  return story;
}
const outputsOf = (story: Story): unknown =>
  (newest(story, "foreach.finished").data as { outputs: unknown }).outputs;
const inputsOf = (event: CloudEvent): unknown => (event.data as { inputs: unknown }).inputs;

describe("a foreach", () => {
  test("makes a task of each item of a list, and hands on what they leave, in order", () => {
    const story = begin([plan, each, after], { items: ["a", "b", "c"], name: "letters" });
    expect(newest(story, "foreach.triggered")).toMatchObject({
      id: expect.stringMatching(/^[a-z2-7]{26}\/each\/conductor\/1\/triggered$/) as unknown,
      data: { inputs: { items: 3 } },
    });
    expect(newest(story, "foreach.triggered").handler).toBeUndefined();
    expect(open(story).map(inputsOf)).toEqual([
      { item: "a", at: 0, of: "letters" },
      { item: "b", at: 1, of: "letters" },
      { item: "c", at: 2, of: "letters" },
    ]);
    for (const item of open(story).reverse())
      story.given(answer(item, "pass", { outputs: { square: indexOf(item) ** 2 } }));
    const told = inputsOf(newest(story, "tell.triggered")) as { list: { digest: never } };
    expect(story.lists.get(told.list.digest)).toEqual(
      [0, 1, 4].map((square, index) => ({ index, outcome: "pass", outputs: { square } })),
    );
    story.given(answer(newest(story, "tell.triggered"), "pass"));
    expect(newest(story, "run.finished")).toMatchObject({ result: "pass", data: { tasks: { total: 6 } } });
  });

  test("runs over the lines of an artifact, as over those that another foreach left", () => {
    const list = { mediaType: jsonLinesType, digest: `sha256:${"1".repeat(64)}` as const, size: 1 };
    const again: Step = {
      ...each,
      name: "again",
      needs: ["each"],
      with: { of: "/item/outputs/square" },
      foreach: { in: "/each/outputs" },
    };
    const next = begin([plan, { ...each, with: { n: "/item/n" } }, again], { items: list });
    expect(newest(next, "foreach.finished").status).toBe("errored");
    next.lists.set(list.digest, [{ n: 1 }, { n: 2 }]);
    next.given(said("run.requested", { id: "r2", subproject: "seattle" }));
    const items = open(next);
    expect(items.map(inputsOf)).toEqual([{ n: 1 }, { n: 2 }]);
    expect(newest(next, "foreach.triggered").data).toMatchObject({ inputs: { items: 2, list: list.digest } });
    for (const item of items) next.given(answer(item, "pass", { outputs: { square: 7 + indexOf(item) } }));
    expect(open(next).map(inputsOf)).toEqual([{ of: 7 }, { of: 8 }]);
  });

  test("is over at once when there is nothing to do", () => {
    const story = begin([plan, each, after], { items: [] });
    expect(outputsOf(story)).toMatchObject({ items: 0, outcomes: {} });
    expect(newest(story, "tell.triggered")).toBeDefined();
  });

  test("whose list cannot be read is errored, names the pointer and the way out", () => {
    for (const [items, why] of [
      [undefined, "nothing is there"],
      [{ a: 1 }, "neither list nor count"],
      [-1, "neither list nor count"],
      [10_000_001, "is over 10000000"],
      [Array(101).fill(0), "has 101 items"],
      [{ mediaType: "text/csv", digest: `sha256:${"2".repeat(64)}`, size: 1 }, "text/csv"],
    ] as const) {
      const story = begin([plan, each, after], { items });
      const { problem } = runFinished.data.parse(newest(story, "run.finished").data).because ?? {};
      expect(problem).toMatchObject({
        code: "E_LIST",
        what: "each cannot go through /plan/items.",
        why: expect.stringContaining(why) as unknown,
      });
    }
  });

  test("goes on after a failing item, and ends as bad as its worst", () => {
    const ends = (index: number): Outcome => (["pass", "fail", "warning"] as const)[index % 3] ?? "pass";
    const story = finishItems(begin([plan, each, after], { items: 7 }), ends);
    expect(newest(story, "foreach.finished")).toMatchObject({
      status: "succeeded",
      result: "fail",
      data: { message: "7 items: 3 pass, 2 fail, 2 warning; the first that did not pass is item 1" },
    });
    expect(newest(story, "run.finished")).toMatchObject({ result: "fail" });
    expect(story.log.filter(({ type }) => type.includes("tell"))).toEqual([]);
  });

  test("keeps at most so many items open as its limit, and no more than there are slots", () => {
    const most = (story: Story): number => {
      let at = 0;
      let highest = 0;
      for (const event of story.log.map(inWords)) {
        if (event.startsWith("noop.triggered")) at += 1;
        if (event.startsWith("noop.finished")) at -= 1;
        highest = Math.max(highest, at);
      }
      return highest;
    };
    const limited: Step = { ...each, foreach: { in: 40, limit: 3 } };
    expect(most(finishItems(begin([plan, limited])))).toBe(3);
    expect(most(finishItems(begin([plan, { ...each, foreach: { in: 40 } }], {}, 8)))).toBe(8);
  });

  test("tries an item again, and asks the cache for equal ones", () => {
    const story = begin([plan, { ...each, with: { item: "/item" } }], { items: ["x", "x", "y"] });
    const [x, y] = open(story);
    expect([x, y].map((event) => indexOf(event!))).toEqual([0, 2]);
    story.given(answer(y!, "errored", { retry: true }));
    expect(open(story).map(({ subject, attempt }) => [subject?.split("/@")[1], attempt])).toEqual([
      ["0", 1],
      ["2", 2],
    ]);
    finishItems(story);
    expect(newest(story, "run.finished")).toMatchObject({
      result: "pass",
      data: { tasks: { total: 5, cached: 1 } },
    });
  });
});

describe("a run in mid-foreach", () => {
  const steered = (story: Story, predicate: "paused" | "resumed" | "aborted"): CloudEvent =>
    steer([...story.state.runs.values()][0]!, predicate, { by: "ana" }, story.now());

  test("that is aborted ends its open items, gives out no more, and ends aborted", () => {
    const story = begin([plan, each, after], { items: 90 }, 5);
    story.given(answer(open(story)[0]!, "pass"));
    expect(open(story)).toHaveLength(5);
    story.given(steered(story, "aborted"));
    expect(outcomesIn(story)).toEqual({ pass: 1, aborted: 5 });
    expect(newest(story, "foreach.finished")).toMatchObject({ status: "aborted" });
    expect(newest(story, "run.finished")).toMatchObject({ status: "aborted", data: { tasks: { total: 9 } } });
    expect(story.log.map(inWords).at(-1)).toBe("run.finished aborted");
  });

  test("that is aborted while items rest before their next attempt leaves none behind", () => {
    const story = begin([plan, each], { items: 2 }, 1);
    story.given(steered(story, "paused"));
    story.given(answer(open(story)[0]!, "errored", { retry: true }));
    story.given(steered(story, "aborted"));
    expect(newest(story, "run.finished")).toMatchObject({ status: "aborted" });
    expect([...story.state.tasks.values()].map(({ step, status }) => `${step} ${status}`)).toEqual([
      "plan done",
      "each done",
      "each skipped",
    ]);
  });

  test("that is paused gives nothing out until it is resumed", () => {
    const story = begin([plan, each], { items: 9 }, 2);
    story.given(steered(story, "paused"));
    for (const item of open(story)) story.given(answer(item, "pass"));
    expect(open(story)).toEqual([]);
    story.given(steered(story, "resumed"));
    finishItems(story);
    expect(newest(story, "run.finished")).toMatchObject({ result: "pass" });
  });

  const outcomesIn = (story: Story) => {
    const counts: Record<string, number> = {};
    for (const task of story.state.tasks.values())
      if (task.id.includes("/@") && task.status === "done")
        counts[task.outcome] = (counts[task.outcome] ?? 0) + 1;
    return counts;
  };
});
