import { expect, test } from "vitest";
import { rebind } from "./bindings.ts";
import { lossOf } from "./handlers.ts";
import { steer } from "./steer-run.ts";
import { foldLog } from "./fold-log.ts";
import { Story } from "./story.ts";
import { answer, builtInCatalogue, description, newest, registered, said, weather } from "./story-events.ts";

/** A log with a bit of everything. */
function eventful(): Story {
  const story = registered(weather(new Story(builtInCatalogue)), description("logistic", ["train"]));
  const run = (data: object = {}) => story.given(said("run.requested", { subproject: "seattle", data }));
  const steered = (predicate: "paused" | "resumed" | "aborted") =>
    story.given(
      steer(story.state.runs.get(newest(story, "run.started").run ?? "")!, predicate, {}, story.now()),
    );
  run();
  steered("paused");
  steered("resumed");
  story.given(answer(newest(story, "fetch.triggered"), "errored", { retry: true }));
  for (const name of ["fetch", "split", "train", "evaluate"]) {
    story.given(answer(newest(story, `${name}.triggered`), name === "evaluate" ? "fail" : "pass"));
  }
  const bound = { project: "weather", capability: "train", undo: false };
  story.given(rebind(story.state, { ...bound, handler: "logistic" }, story.now()));
  run();
  steered("aborted");
  story.given(lossOf(story.state.handlers.get("*/logistic")!, 15, story.now()));
  story.given(rebind(story.state, { ...bound, handler: null, undo: true }, story.now()));
  return story.given(said("code.changed"), said("run.requested", { subproject: "nowhere" }));
}

const entries = (story: Story) =>
  story.log.map((event, index) => ({ event, position: { epoch: 1, sequence: index + 1 } }));

test("a log folded again comes to the same rows", () => {
  const story = eventful();
  expect(foldLog(entries(story), builtInCatalogue)).toEqual(story.state);
});

test("whatever comes twice, at once or much later, changes nothing", () => {
  const story = eventful();
  const once = entries(story);
  const atOnce = once.flatMap((entry) => [entry, entry]);
  expect(foldLog(atOnce, builtInCatalogue)).toEqual(story.state);
  const later = once.map(({ event }, index) => ({ event, position: { epoch: 1, sequence: 10_000 + index } }));
  expect(foldLog([...once, ...later], builtInCatalogue)).toEqual(story.state);
});
