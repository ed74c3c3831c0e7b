import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { longType } from "@jackfield/spec/event/type";
import { describe, expect, test } from "vitest";
import { lossOf } from "./handlers.ts";
import { steer } from "./steer-run.ts";
import { foldLog } from "./fold-log.ts";
import { inWords, Story } from "./story.ts";
import { answer, builtInCatalogue, description, newest, registered, said, weather } from "./story-events.ts";

/** Fetch is bound to fetch, with shadows a and b. */
const shadowed = (options: { concurrency?: number } = {}): Story =>
  registered(
    weather(new Story(builtInCatalogue, options), { bind: { fetch: { shadows: ["a", "b"] } } }),
    description("a", ["fetch"]),
    description("b", ["fetch"]),
  );
const request = (data: object = {}) => said("run.requested", { subproject: "seattle", data });
const fetches = (story: Story): CloudEvent[] =>
  story.log.filter(({ type }) => type === longType("fetch.triggered"));
const given = (story: Story, handler: string): CloudEvent => {
  const found = fetches(story).findLast((event) => event.handler === handler);
  if (found === undefined) throw new Error(`${handler} was given nothing`);
  return found;
};
const shadowsAnswer = (
  triggered: CloudEvent,
  outcome: Parameters<typeof answer>[1] = "pass",
): CloudEvent => ({
  ...answer(triggered, outcome),
  role: "shadow",
});

describe("A shadow", () => {
  test("gets the same inputs as the handler, in the role of a shadow, after it", () => {
    const story = shadowed().given(request());
    expect(fetches(story).map(({ handler, role }) => `${handler ?? ""} ${role ?? ""}`)).toEqual([
      "fetch primary",
      "a shadow",
      "b shadow",
    ]);
    const [primary, shadow] = fetches(story).map(({ data }) => data as Record<string, unknown>); // what we said
    expect(shadow?.["inputs"]).toEqual(primary?.["inputs"]);
    expect(shadow).toMatchObject({ limits: { attempts: 1 } });
    expect(shadow).not.toHaveProperty("cachekey");
    expect(newest(story, "run.started").data).toMatchObject({ shadows: { fetch: ["a", "b"] } });
  });

  test("decides nothing, leads to nothing and is asked once, whatever it answers", () => {
    const story = shadowed().given(request());
    expect(story.when(shadowsAnswer(given(story, "a"), "fail"))).toEqual([]);
    expect(story.when(shadowsAnswer(given(story, "b"), "errored"))).toEqual([]);
    const after = story.when(answer(given(story, "fetch"), "pass")).map(inWords);
    expect(after).toEqual(["dataset.published", "split.triggered → split"]);
    expect(story.state.cache.size).toBe(1);
  });

  test("delays nothing: the run ends without it, and its answer is recorded afterwards", () => {
    const story = shadowed().given(request());
    story.given(answer(given(story, "fetch"), "pass"));
    for (const step of ["split", "train", "evaluate"]) {
      story.given(answer(newest(story, `${step}.triggered`), "pass"));
    }
    expect(newest(story, "run.finished").result).toBe("pass");
    const shadow = given(story, "a");
    expect(story.when(shadowsAnswer(shadow))).toEqual([]);
    expect(story.state.asks.get(`${shadow.subject ?? ""}/a`)).toMatchObject({
      status: "done",
      outcome: "pass",
    });
    expect(story.when(shadowsAnswer(shadow, "fail"))).toEqual([]);
  });

  test("is given work only while no primary of its capability waits, in whatever run", () => {
    const story = shadowed({ concurrency: 1 });
    story.when(request({ cache: false }), request({ cache: false }));
    expect(fetches(story)).toHaveLength(1);
    story.given(answer(given(story, "fetch"), "pass"));
    expect(fetches(story).map(({ handler }) => handler)).toEqual(["fetch", "fetch", "a", "b"]);
    const [first, second] = fetches(story);
    expect(first?.run).not.toBe(second?.run);
    expect(given(story, "a").run).toBe(first?.run);
  });

  test("is left out when it is not there, or gone before it was given its work", () => {
    const story = weather(new Story(builtInCatalogue, { concurrency: 1 }), {
      bind: { fetch: { shadows: ["a", "nobody"] } },
    });
    registered(story, description("a", ["fetch"]));
    story.when(request({ cache: false }), request({ cache: false }));
    const lost = story.state.handlers.get("*/a");
    if (lost === undefined) throw new Error("a is not there");
    story.given(lossOf(lost, 15, story.now()));
    story.given(answer(given(story, "fetch"), "pass"), answer(given(story, "fetch"), "pass"));
    expect(fetches(story).map(({ handler }) => handler)).toEqual(["fetch", "fetch"]);
    expect([...story.state.asks.values()].map(({ status }) => status)).toEqual(["skipped"]);
  });

  test("is stopped by an abort, also one whose work was on its way when the abort came", () => {
    const story = shadowed().given(request());
    const run = story.state.runs.get(newest(story, "run.started").run ?? "");
    if (run === undefined) throw new Error("no run");
    const ended = story
      .when(steer(run, "aborted", {}, story.now()))
      .map((event) => `${inWords(event)} ${event.handler ?? ""}`);
    expect(ended.sort()).toEqual([
      "fetch.finished aborted a",
      "fetch.finished aborted b",
      "fetch.finished aborted fetch",
      "run.finished aborted ",
    ]);
    const state = [...story.state.asks.values()];
    expect(state.map((ask) => (ask.status === "done" ? ask.outcome : ask.status))).toEqual([
      "aborted",
      "aborted",
    ]);
  });

  test("is the same in every fold of the log", () => {
    const story = shadowed().given(request());
    for (const handler of ["fetch", "a"]) story.given(answer(given(story, handler), "pass"));
    const entries = story.log.map((event, index) => ({ event, position: { epoch: 1, sequence: index + 1 } }));
    expect(foldLog(entries, builtInCatalogue)).toEqual(story.state);
  });
});
