import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { longType, shortType } from "@jackfield/spec/event/type";
import { defaultLifecycle, type Completion, type Step } from "@jackfield/spec/project/workflow";
import { describe, expect, test } from "vitest";
import { foldLog } from "./fold-log.ts";
import type { Entry } from "./state.ts";
import { inWords, Story } from "./story.ts";
import { steer } from "./steer-run.ts";
import { answer, builtInCatalogue, description, newest, registered, said, weather } from "./story-events.ts";

const handlers = ["a", "b", "c"];

/** Fetch is asked of a, b and c; b is bound, and s and t shadow it. */
function asked(
  complete: Completion,
  { on = [], steps, ...options }: { concurrency?: number; on?: string[]; steps?: Step[] } = {},
): Story {
  const usual = defaultLifecycle.steps.map((step) =>
    step.name === "fetch" ? { ...step, handlers, complete } : step,
  );
  const story = weather(new Story(builtInCatalogue, options), {
    workflows: { lifecycle: { on, steps: steps ?? usual } },
    bind: { fetch: { to: "b", shadows: ["s", "t"] } },
  });
  registered(story, ...[...handlers, "s", "t"].map((name) => description(name, ["fetch"])));
  return story.given(said("run.requested", { subproject: "seattle", data: { cache: false } }));
}

const items: Step = { name: "all", capability: "fetch", needs: [], with: {}, foreach: { in: 2 } };

const all = (story: Story, short: string): CloudEvent[] =>
  story.log.filter(({ type }) => type === longType(short));
const given = (story: Story, handler: string): CloudEvent => {
  const found = all(story, "fetch.triggered").findLast((event) => event.handler === handler);
  if (found === undefined) throw new Error(`${handler} was given nothing`);
  return found;
};
const at = (event: CloudEvent, index: number): Entry => ({
  event,
  position: { epoch: 1, sequence: index + 1 },
});
const words = (events: CloudEvent[]): string[] => events.map(inWords);

describe("Several handlers of one task", () => {
  test("a primary with two shadows and a quorum of 2 of 3 are five triggered, each for another handler", () => {
    const story = asked({ quorum: 2 });
    const five = all(story, "fetch.triggered");
    expect(five.map(({ handler, role }) => `${handler ?? ""} ${role ?? ""}`).sort()).toEqual([
      "a primary",
      "b primary",
      "c primary",
      "s shadow",
      "t shadow",
    ]);
    expect(new Set(five.map(({ subject }) => subject)).size).toBe(1);
    expect(new Set(five.map(({ id }) => id)).size).toBe(5);
    expect(story.when(answer(given(story, "a"), "pass"))).toEqual([]);
    expect(words(story.when(answer(given(story, "c"), "pass")))).toEqual([
      "dataset.published",
      "split.triggered → split",
    ]);
  });

  test("that all must answer end with the worst, and the run goes on with what the bound one gave", () => {
    const story = asked("all");
    story.given(answer(given(story, "a"), "pass"), answer(given(story, "c"), "warning"));
    expect(all(story, "split.triggered")).toEqual([]);
    story.given(answer(given(story, "b"), "pass"));
    const task = story.state.tasks.get(given(story, "a").subject ?? "");
    expect(task).toMatchObject({ status: "done", outcome: "warning", handler: "b" });
    expect(all(story, "split.triggered")).toHaveLength(1);
    expect(all(story, "dataset.published")).toHaveLength(1);
  });

  test("of which the first decides end with it; the others are told to stop, and what they say is recorded only", () => {
    const story = asked("first");
    const said = words(story.when(answer(given(story, "c"), "fail")));
    expect(said).toEqual(["run.finished fail"]);
    const others = [...story.state.asks.values()].filter(({ handler }) => ["a", "b"].includes(handler));
    expect(others.map((ask) => "pruned" in ask && ask.pruned)).toEqual([true, true]);
    expect(story.when(answer(given(story, "a"), "pass"))).toEqual([]);
    expect(story.state.asks.get(`${given(story, "a").subject ?? ""}/a`)).toMatchObject({ outcome: "pass" });
  });

  test("count their attempts apart, and one that could not run ends the task only when nobody else can save it", () => {
    const story = asked("all");
    const retried = story.when(answer(given(story, "a"), "errored", { retry: true }));
    expect(words(retried)).toEqual(["fetch.triggered → a #2"]);
    story.given(answer(given(story, "b"), "pass"), answer(given(story, "c"), "pass"));
    expect(all(story, "split.triggered")).toEqual([]);
    story.given(answer(given(story, "a"), "pass"));
    expect(all(story, "split.triggered")).toHaveLength(1);
  });

  test("of which nobody is there are answered for in their place", () => {
    const story = weather(new Story(builtInCatalogue), {
      workflows: {
        lifecycle: {
          on: [],
          steps: [
            {
              name: "fetch",
              capability: "fetch",
              needs: [],
              with: {},
              handlers: ["gone", "fetch"],
              complete: "first",
            },
          ],
        },
      },
    });
    story.given(said("run.requested", { subproject: "seattle" }));
    expect(story.state.asks.size).toBe(2);
    expect(words(story.when(answer(given(story, "fetch"), "pass")))).toContain("run.finished pass");
  });

  test("end with their aborted run also while the only one rests before its next attempt", () => {
    const story = asked({ quorum: 2 }, { concurrency: 1 });
    const log = story.log.filter(({ type }) => type !== longType("fetch.triggered"));
    const first = given(story, "a");
    const resting = [...log, first, answer(first, "errored", { retry: true })];
    const rows = foldLog(resting.map(at), builtInCatalogue);
    const [run] = rows.runs.values();
    if (run === undefined) throw new Error("no run");
    const aborted = foldLog([...resting, steer(run, "aborted", {}, story.now())].map(at), builtInCatalogue);
    expect(aborted.tasks.get(first.subject ?? "")?.status).toBe("skipped");
    expect([...aborted.runs.values()][0]).toMatchObject({ progress: { running: 0 } });
  });

  test("that were spared an attempt which was on its way have it all the same, also after the run", () => {
    const story = asked("first");
    story.given(answer(given(story, "a"), "errored", { retry: true }));
    const again = given(story, "a");
    const ended = [...story.log.filter((event) => event !== again), answer(given(story, "c"), "fail")];
    const over = { ...newest(story.given(answer(given(story, "c"), "fail")), "run.finished") };
    const rows = foldLog([...ended, over, again].map(at), builtInCatalogue);
    expect(rows.asks.get(`${again.subject ?? ""}/a`)).toMatchObject({
      status: "triggered",
      attempt: 2,
      pruned: true,
    });
  });

  test("are all aborted with their run, also those that wait", () => {
    const story = asked("all", { concurrency: 1 });
    const run = story.state.runs.get(newest(story, "run.started").run ?? "");
    if (run === undefined) throw new Error("no run");
    const ended = words(story.when(steer(run, "aborted", {}, story.now())));
    expect(ended.filter((word) => word === "fetch.finished aborted")).toHaveLength(5);
    expect(ended).toContain("run.finished aborted");
    expect([...story.state.asks.values()].every(({ status }) => status === "done")).toBe(true);
  });

  test("start what listens to their answer once, with the answer that ends the task", () => {
    const story = asked({ quorum: 2 }, { on: ["fetch.finished outcome=pass"] });
    story.given(answer(given(story, "a"), "pass"), answer(given(story, "s"), "pass"));
    expect(all(story, "run.started")).toHaveLength(1);
    const [ends, late] = [answer(given(story, "b"), "pass"), answer(given(story, "c"), "pass")];
    story.when(ends, late);
    const causes = all(story, "run.started").map(({ causationid }) => causationid);
    expect(causes.filter((id) => id === ends.id || id === late.id)).toEqual([ends.id]);
  });

  test("are asked for every item of a foreach, and its shadows too", () => {
    const story = asked("all", { steps: [{ ...items, handlers, complete: "all" }] });
    const asks = all(story, "fetch.triggered");
    expect(new Set(asks.map(({ subject }) => subject)).size).toBe(2);
    expect(asks.filter(({ role }) => role === "primary")).toHaveLength(6);
    expect(asks.filter(({ role }) => role === "shadow")).toHaveLength(4);
    const said = story.when(...asks.map((triggered) => answer(triggered, "pass")));
    expect(words(said)).toEqual(["dataset.published", "foreach.finished pass", "run.finished pass"]);
  });

  test("are the same in every fold of the log", () => {
    const story = asked({ quorum: 2 });
    for (const handler of ["a", "s", "b", "c"]) story.given(answer(given(story, handler), "pass"));
    const entries = story.log.map((event, index) => ({ event, position: { epoch: 1, sequence: index + 1 } }));
    expect(foldLog(entries, builtInCatalogue)).toEqual(story.state);
    expect(shortType(newest(story, "split.triggered").type)).toBe("split.triggered");
  });
});
