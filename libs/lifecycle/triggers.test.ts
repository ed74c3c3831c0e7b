import { describe, expect, test } from "vitest";
import { runStarted } from "@jackfield/spec/facts/run";
import { eventKey } from "@jackfield/spec/event/ids";
import { listeners } from "./run-requested.ts";
import { inWords, Story } from "./story.ts";
import {
  answer,
  builtInCatalogue,
  lifecycleOn,
  newest,
  said,
  weather,
  weatherConfiguration,
} from "./story-events.ts";

const open = (on: string[], names = ["seattle"]) =>
  weather(new Story(builtInCatalogue), {
    workflows: lifecycleOn(...on),
    subprojects: Object.fromEntries(names.map((name) => [name, weatherConfiguration])),
  });
const namesOf = (story: Story) =>
  story.log.filter(({ type }) => type === runStarted.type).map(({ runname }) => runname);

describe("triggers", () => {
  test("start a run of every subproject when code changed", () => {
    const story = open(["code", "data"], ["seattle", "lyon"]).given(said("code.changed"));
    expect(namesOf(story)).toEqual(["seattle-1", "lyon-1"]);
  });

  test("read the source again when data changed", () => {
    const story = open(["data"]).given(said("data.changed"));
    expect(newest(story, "run.started").data).toMatchObject({ refresh: true });
  });

  test("take what an event leaves out from the newest run, as long as it reads the same source", () => {
    const file = { mediaType: "text/csv", digest: `sha256:${"a".repeat(64)}`, size: 10 };
    const story = open(["data"]);
    story.given(said("run.requested", { subproject: "seattle", data: { files: { fetch: file } } }));
    story.given(said("data.changed"));
    expect(newest(story, "run.started").data).toMatchObject({ files: { fetch: file } });
  });

  test("start one run when two of them match one event", () => {
    const story = open(["code", "code.*"]).given(said("code.changed"));
    expect(namesOf(story)).toEqual(["seattle-1"]);
  });

  test("remember of an event that started nothing which clause said no", () => {
    const foreign = said("com.example.uploaded");
    const story = open(["data", "com.example.* subproject=lyon"]);
    expect(story.when(foreign)).toEqual([]);
    expect(story.state.checks.get(eventKey(foreign))).toMatchObject({
      fired: [],
      refused: [
        { trigger: "weather on data", clause: "data.changed" },
        { trigger: "weather on com.example.* subproject=lyon", clause: "subproject=lyon" },
      ],
    });
  });

  test("start nothing for an event whose names would leave no room for what follows, and say so", () => {
    const long = said("run.requested", { id: "x".repeat(40_000), subproject: "seattle" });
    const story = open([]);
    expect(story.when(long)).toEqual([]);
    expect(story.state.checks.get(eventKey(long))?.refused[0]?.clause).toMatch(/have 40\d+ bytes/);
  });

  test("tell before an event is published what it would start, under the same run id", () => {
    const story = open(["code"]);
    const change = said("code.changed");
    const { fired } = listeners(story.state, change, builtInCatalogue);
    story.given(change);
    expect(fired).toEqual([
      { workflow: "lifecycle", subproject: "seattle", run: newest(story, "run.started").run },
    ]);
  });

  test("do not fire for a finished that came too late", () => {
    const story = open(["fetch.finished outcome=warning"]).given(
      said("run.requested", { subproject: "seattle" }),
    );
    const fetching = newest(story, "fetch.triggered");
    story.given(answer(fetching, "pass"));
    expect(story.when(answer(fetching, "warning"))).toEqual([]);
    story.given(said("run.requested", { subproject: "seattle", data: { cache: false } }));
    const counted = story.when(answer(newest(story, "fetch.triggered"), "warning")).map(inWords);
    expect(counted).toContain("run.started");
  });

  test("that feed themselves stop at depth 16, visibly", () => {
    const story = open(["run.started"]).given(said("run.requested", { subproject: "seattle" }));
    expect(namesOf(story)).toHaveLength(15);
    expect(inWords(newest(story, "run.refused"))).toBe("run.refused");
    expect(newest(story, "run.refused").data).toMatchObject({ problem: { code: "E_TOO_DEEP" } });
  });
});
