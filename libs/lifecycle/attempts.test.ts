import { describe, expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Outcome } from "@jackfield/spec/event/outcome";
import { longType } from "@jackfield/spec/event/type";
import { defaultLifecycle } from "@jackfield/spec/project/workflow";
import fc from "fast-check";
import { restBefore } from "./backoff.ts";
import { clockThatRanOut } from "./clocks.ts";
import { timedOut } from "./finish-in-place.ts";
import { lossOf } from "./handlers.ts";
import { inWords, Story } from "./story.ts";
import { answer, builtInCatalogue, newest, said, started, weather } from "./story-events.ts";
import { isOpen } from "./tasks.ts";

const open = () =>
  weather(new Story(builtInCatalogue)).given(said("run.requested", { subproject: "seattle" }));
const crash = { problem: { code: "E_CRASHED", what: "It was killed." }, retry: true };

/** What the conductor says of the open fetch when a clock runs out. */
function timeout(story: Story, external = false): CloudEvent {
  const task = [...story.state.tasks.values()].find(isOpen);
  const run = task === undefined ? undefined : story.state.runs.get(task.run);
  if (task === undefined || run === undefined) throw new Error("nothing is open");
  return timedOut(run, task, "finish", { now: story.now(), external });
}

describe("attempts", () => {
  test("follow each other while attempts are left, each only after the one before has ended", () => {
    const story = open();
    const words: string[] = [];
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      words.push(...story.when(answer(newest(story, "fetch.triggered"), "errored", crash)).map(inWords));
    }
    expect(words).toEqual([
      "fetch.triggered → fetch #2",
      "fetch.triggered → fetch #3",
      "run.finished errored",
    ]);
    expect(newest(story, "run.finished").data).toMatchObject({ because: { problem: { code: "E_CRASHED" } } });
  });

  test("are not made when the handler says that another would not help", () => {
    const story = open();
    const refusal = { problem: { code: "E_EXIT", what: "It exited with 2." }, retry: false };
    expect(story.when(answer(newest(story, "fetch.triggered"), "errored", refusal)).map(inWords)).toEqual([
      "run.finished errored",
    ]);
  });

  test("that were handed back do not count", () => {
    const story = open();
    const back = { problem: { code: "E_HANDED_BACK", what: "It shuts down." }, retry: true };
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      story.given(answer(newest(story, "fetch.triggered"), "errored", back));
    }
    expect(newest(story, "fetch.triggered").attempt).toBe(6);
    expect(story.when(answer(newest(story, "fetch.triggered"), "pass")).map(inWords)).toContain(
      "split.triggered → split",
    );
  });

  test.each([
    ["a handler of that name in another project", { project: "other" }],
    ["another handler", { source: "/jackfield/handlers/boost", handler: "boost" }],
    ["somebody who does not say which attempt", { attempt: undefined }],
    ["an answer of another capability", { type: longType("split.finished") }],
    ["the end of a run", { type: longType("run.finished") }],
  ])("are not ended by %s", (_, parts) => {
    const story = open();
    story.given({ ...answer(newest(story, "fetch.triggered"), "pass"), ...parts });
    expect([...story.state.tasks.values()].filter(isOpen)).toMatchObject([{ capability: "fetch" }]);
  });

  test("rest longer and longer, by the task and not by chance", () => {
    const rests = [2, 3, 4, 12].map((attempt) => restBefore("run/fetch", attempt));
    expect(rests).toEqual([2, 3, 4, 12].map((attempt) => restBefore("run/fetch", attempt)));
    expect(rests.every((rest, index) => rest <= [1_000, 2_000, 4_000, 60_000][index]!)).toBe(true);
    expect(new Set(["a", "b", "c"].map((task) => restBefore(task, 9))).size).toBe(3);
  });

  test("of work with an effect outside are not repeated blindly after a timeout", () => {
    const story = open();
    expect(story.when(timeout(story, true)).map(inWords)).toEqual(["run.finished timedout"]);
  });
});

describe("the first finished in the stream counts", () => {
  test("the handler's before the timeout: the timeout is late", () => {
    const story = open();
    const late = timeout(story);
    story.given(answer(newest(story, "fetch.triggered"), "pass"));
    expect(story.when(late)).toEqual([]);
  });

  test("the timeout before the handler's: the next attempt is made, the answer is late", () => {
    const story = open();
    const first = newest(story, "fetch.triggered");
    expect(story.when(timeout(story)).map(inWords)).toEqual(["fetch.triggered → fetch #2"]);
    expect(story.when(answer(first, "pass"))).toEqual([]);
    expect(story.when(answer(newest(story, "fetch.triggered"), "pass")).map(inWords)).toContain(
      "split.triggered → split",
    );
  });

  test("a zombie that passes after its timeout publishes no fact and starts nothing", () => {
    const story = weather(new Story(builtInCatalogue), {
      workflows: { lifecycle: { on: ["fetch.finished outcome=pass"], steps: defaultLifecycle.steps } },
    }).given(said("run.requested", { subproject: "seattle" }));
    const first = newest(story, "fetch.triggered");
    story.given(timeout(story));
    expect(story.when(answer(first, "pass"))).toEqual([]);
    const counted = story.when(answer(newest(story, "fetch.triggered"), "pass")).map(inWords);
    expect(counted).toEqual(expect.arrayContaining(["dataset.published", "run.started"]));
  });

  test("an answer that another handler gives counts for nothing", () => {
    const story = open();
    const foreign = {
      ...answer(newest(story, "fetch.triggered"), "pass"),
      source: "/jackfield/handlers/liar",
    };
    expect(story.when(foreign)).toEqual([]);
  });

  test("an answer that breaks the contract still ends the attempt, with a reason", () => {
    const story = open();
    const garbage = { ...answer(newest(story, "fetch.triggered"), "pass"), data: { outputs: 7 } };
    expect(story.when(garbage).map(inWords)).toEqual(["run.finished errored"]);
    expect(newest(story, "run.finished").data).toMatchObject({ because: { problem: { code: "E_INVALID" } } });
  });

  test("whatever order and however often the answers of one attempt come", () => {
    const outcomes: Outcome[] = ["pass", "fail", "errored"];
    const sayings = fc.array(
      fc.oneof(
        fc.constant("started" as const),
        fc.constant("timeout" as const),
        fc.constantFrom(...outcomes),
      ),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(sayings, (order) => {
        const story = open();
        const asked = newest(story, "fetch.triggered");
        const final = timeout(story, true);
        story.when(
          ...order.map((saying) => {
            if (saying === "started") return started(asked);
            return saying === "timeout" ? final : answer(asked, saying);
          }),
        );
        const counted = order.find((saying) => saying !== "started");
        const fetched = story.state.tasks.get(asked.subject ?? "");
        if (counted === undefined) return fetched?.status === "started";
        return (
          fetched?.status === "done" && fetched.outcome === (counted === "timeout" ? "timedout" : counted)
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe("clocks", () => {
  test("start, lease and finish run from when an attempt was last heard of", () => {
    const story = open();
    const task = [...story.state.tasks.values()].find(isOpen)!;
    const heard = { triggeredMs: 0, leasedMs: 0 };
    expect(clockThatRanOut(task, heard, 30_000)).toBeUndefined();
    expect(clockThatRanOut(task, heard, 30_001)).toBe("start");
    const working = { ...task, status: "started" as const };
    expect(clockThatRanOut(working, { ...heard, leasedMs: 10_000 }, 70_000)).toBeUndefined();
    expect(clockThatRanOut(working, heard, 60_001)).toBe("lease");
    expect(clockThatRanOut(working, { ...heard, leasedMs: 3_600_000 }, 3_600_001)).toBe("finish");
  });
});

describe("a step that nobody can answer", () => {
  test("ends at once, and says who should have answered and who could", () => {
    const story = weather(new Story(builtInCatalogue), {
      bind: { fetch: { to: "acme-fetch", shadows: [] } },
    });
    expect(story.when(said("run.requested", { subproject: "seattle" })).map(inWords)).toEqual([
      "run.started",
      "fetch.triggered → nobody",
      "fetch.finished errored",
      "run.finished errored",
    ]);
    const because = newest(story, "run.finished").data;
    expect(because).toMatchObject({ because: { problem: { code: "E_NO_HANDLER" } } });
    expect(JSON.stringify(because)).toContain(
      "fetch is bound to acme-fetch (jackfield.yaml), which was never there",
    );
    expect(JSON.stringify(because)).toContain("handlers known for fetch: fetch");
  });

  test("ends when its handler was lost", () => {
    const story = weather(new Story(builtInCatalogue));
    story.given(lossOf(story.state.handlers.get("*/fetch")!, 15, story.now()));
    expect(story.when(said("run.requested", { subproject: "seattle" })).map(inWords)).toContain(
      "run.finished errored",
    );
  });
});
