import { describe, expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { steer } from "./steer-run.ts";
import { inWords, Story } from "./story.ts";
import { answer, builtInCatalogue, newest, said, weather } from "./story-events.ts";

const open = () =>
  weather(new Story(builtInCatalogue)).given(said("run.requested", { subproject: "seattle" }));
const runOf = (story: Story) => story.state.runs.get(newest(story, "run.started").run ?? "")!;
const steered = (story: Story, predicate: "paused" | "resumed" | "aborted"): CloudEvent =>
  steer(runOf(story), predicate, { by: "ana", reason: "wrong data" }, story.now());

describe("a paused run", () => {
  test("lets what is at work finish and gives out nothing more, until it is resumed", () => {
    const story = open();
    story.given(steered(story, "paused"));
    expect(story.when(answer(newest(story, "fetch.triggered"), "pass")).map(inWords)).toEqual([
      "dataset.published",
    ]);
    expect(story.when(steered(story, "resumed")).map(inWords)).toEqual(["split.triggered → split"]);
  });

  test("cannot be paused again, and one at work cannot be resumed", () => {
    const story = open();
    expect(() => steered(story, "resumed")).toThrow("seattle-1 is not paused");
    story.given(steered(story, "paused"));
    expect(() => steered(story, "paused")).toThrow("seattle-1 is paused already");
  });
});

describe("an aborted run", () => {
  test("ends at once: open attempts are ended in the handler's place, the rest has nothing to do", () => {
    const story = open();
    const asked = newest(story, "fetch.triggered");
    expect(story.when(steered(story, "aborted")).map(inWords)).toEqual([
      "fetch.finished aborted",
      "run.finished aborted",
    ]);
    expect(newest(story, "fetch.finished").data).toMatchObject({
      problem: { code: "E_ABORTED", why: "wrong data" },
    });
    expect(story.when(answer(asked, "pass"))).toEqual([]);
    expect(() => steered(story, "aborted")).toThrow("There is nothing to abort in seattle-1");
  });

  test("waits for a triggered that was on its way, and ends it too", () => {
    const story = open();
    story.given(answer(newest(story, "fetch.triggered"), "pass"));
    const splitting = newest(story, "split.triggered");
    // The same story once more, with the abort in the stream before the triggered.
    const other = weather(new Story(builtInCatalogue));
    for (const event of story.log.slice(other.log.length, story.log.indexOf(splitting))) other.given(event);
    const words = other.when(steer(runOf(other), "aborted", {}, other.now()), splitting).map(inWords);
    expect(words.filter((word) => word === "run.finished aborted")).toHaveLength(1);
    expect(words.at(-1)).toBe("run.finished aborted");
  });
});
