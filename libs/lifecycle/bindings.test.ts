import { describe, expect, test } from "vitest";
import { boundTo, endedBindings, rebind } from "./bindings.ts";
import { shadowsAfter } from "./change-shadows.ts";
import { commonContract } from "./handlers.ts";
import { Story } from "./story.ts";
import { applied, builtInCatalogue, description, newest, registered, said, weather } from "./story-events.ts";

const scope = { organization: "default", project: "weather", subproject: "seattle" };
const open = (bind: Record<string, string> = {}) =>
  weather(new Story(builtInCatalogue), { bind: inFile(bind) });
const inFile = (bind: Record<string, string>) =>
  Object.fromEntries(Object.entries(bind).map(([capability, to]) => [capability, { to, shadows: [] }]));
const trainer = (story: Story) => boundTo(story.state, scope, "train", builtInCatalogue);

function bind(
  story: Story,
  handler: string | null,
  at: object = { project: "weather" },
  undo = false,
): Story {
  return story.given(
    rebind(story.state, { ...at, capability: "train", handler, undo, by: "ana" }, story.now()),
  );
}

describe("a binding", () => {
  test("is the built-in handler when nobody says anything; a train line is run by command", () => {
    expect(trainer(open())).toEqual({ handler: "command", shadows: [], from: "default" });
    expect(boundTo(open().state, scope, "fetch", builtInCatalogue).handler).toBe("fetch");
  });

  test("is the one of the narrowest scope, and an override before the file", () => {
    const story = bind(open(), "of-organization", {});
    expect(trainer(story)).toMatchObject({ handler: "of-organization", from: "organization:default" });
    story.given(applied({ bind: inFile({ train: "of-file" }) }, 2));
    expect(trainer(story)).toEqual({ handler: "of-file", shadows: [], from: "jackfield.yaml" });
    bind(story, "of-project");
    expect(trainer(story)).toMatchObject({ handler: "of-project", from: "weather", by: "ana" });
    bind(story, "of-subproject", { project: "weather", subproject: "seattle" });
    expect(trainer(story)).toMatchObject({ handler: "of-subproject", from: "weather/seattle" });
  });

  test("of an organization reaches its projects, whatever organization an event fills in", () => {
    const story = weather(new Story(builtInCatalogue), { organization: "acme" });
    registered(story, description("forest", ["fetch"]));
    const at = { organization: "acme", capability: "fetch", handler: "forest", undo: false };
    story.given(rebind(story.state, at, story.now()));
    story.given(said("run.requested", { subproject: "seattle", organization: "default" }));
    expect(newest(story, "fetch.triggered")).toMatchObject({ handler: "forest", organization: "acme" });
  });

  test("ends by itself when its time is over, and what stood before it is in force again", () => {
    const story = bind(open(), "forest");
    const until = new Date(1_000_000).toISOString();
    const at = { project: "weather", capability: "train", undo: false };
    story.given(rebind(story.state, { ...at, handler: "logistic", until }, story.now()));
    expect(trainer(story)).toMatchObject({ handler: "logistic", until });
    expect(endedBindings(story.state, new Date(999_999).toISOString())).toEqual([]);
    story.given(...endedBindings(story.state, until));
    expect(trainer(story).handler).toBe("forest");
    expect(newest(story, "binding.changed").data).toMatchObject({
      undo: true,
      reason: `it was said until ${until}`,
    });
    expect(endedBindings(story.state, until)).toEqual([]);
  });

  test("goes back step by step", () => {
    const story = bind(bind(open(), "logistic"), "forest");
    expect(trainer(story).handler).toBe("forest");
    expect(trainer(bind(story, null, { project: "weather" }, true)).handler).toBe("logistic");
    expect(trainer(bind(story, null, { project: "weather" }, true)).handler).toBe("command");
    expect(newest(story, "binding.changed").data).toMatchObject({
      handler: null,
      previous: "logistic",
      version: 4,
    });
  });

  test("that is taken away lets the file speak again", () => {
    const story = bind(bind(open({ train: "of-file" }), "logistic"), null);
    expect(trainer(story).handler).toBe("of-file");
  });

  test("holds for runs that start after it in the stream; a run keeps what it began with", () => {
    const story = registered(open(), description("logistic", ["train"]));
    story.given(said("run.requested", { subproject: "seattle" }));
    const before = newest(story, "run.started");
    bind(story, "logistic").given(said("run.requested", { subproject: "seattle" }));
    expect(before.data).toMatchObject({ bindings: { train: "command" } });
    expect(newest(story, "run.started").data).toMatchObject({ bindings: { train: "logistic" } });
  });

  test("of a capability of others is the only handler that can", () => {
    const story = registered(open(), description("labels", ["label"], { project: "weather" }));
    expect(boundTo(story.state, scope, "label", builtInCatalogue).handler).toBe("labels");
  });
});

describe("who shadows", () => {
  const change = (story: Story, shadows: string[] | undefined, handler: string | null, at: object): Story =>
    story.given(
      rebind(
        story.state,
        { ...at, capability: "train", handler, undo: false, ...(shadows && { shadows }) },
        story.now(),
      ),
    );
  const project = { project: "weather" };

  test("is said by the narrowest scope that says so, whoever decides there, and never the one who decides", () => {
    const story = weather(new Story(builtInCatalogue), { bind: { train: { shadows: ["of-file"] } } });
    expect(trainer(story)).toEqual({ handler: "command", shadows: ["of-file"], from: "default" });
    change(story, ["a", "b"], null, scope);
    expect(trainer(story)).toMatchObject({ handler: "command", shadows: ["a", "b"], from: "default" });
    change(story, undefined, "a", project);
    expect(trainer(story)).toMatchObject({ handler: "a", shadows: ["b"], from: "weather" });
    change(story, [], null, scope);
    expect(trainer(story)).toMatchObject({ handler: "a", shadows: [] });
  });

  test("goes back with the lead, step by step", () => {
    const story = change(change(open(), ["a"], null, project), undefined, "b", project);
    expect(trainer(story)).toMatchObject({ handler: "b", shadows: ["a"] });
    expect(trainer(bind(story, null, project, true))).toMatchObject({ handler: "command", shadows: ["a"] });
    expect(trainer(bind(story, null, project, true))).toMatchObject({ handler: "command", shadows: [] });
  });

  test("is nobody for what has effects outside, nor the one who decides, nor anybody twice", () => {
    const [train] = [builtInCatalogue.get("train")];
    const catalogue = new Map([["deploy", { ...train!, name: "deploy", effects: "external" as const }]]);
    const after = (capability: string, handler: string, shadow: "add" | "remove") =>
      shadowsAfter(
        { capability, handler, shadow },
        { handler: "acme", shadows: ["b"], from: "default" },
        { catalogue },
      );
    expect(() => after("deploy", "c", "add")).toThrow("deploy has effects outside");
    expect(() => after("train", "acme", "add")).toThrow("answers train itself");
    expect(() => after("train", "b", "add")).toThrow("shadows train already");
    expect(() => after("train", "c", "remove")).toThrow("does not shadow train");
    expect([after("train", "c", "add"), after("train", "b", "remove")]).toEqual([["b", "c"], []]);
  });
});

test("a contract is spoken in the highest version that both know, or not at all", () => {
  const speaks = (from: string, to: string) =>
    commonContract({ ...description("x", []), contracts: { train: { from, to } } }, "train", "1.2.0");
  expect(speaks("1.0.0", "1.1.0")).toBe("1.1.0");
  expect(speaks("1.0.0", "1.3.0")).toBe("1.2.0");
  expect(speaks("1.3.0", "1.4.0")).toBeUndefined();
  expect(speaks("0.1.0", "0.9.0")).toBeUndefined();
});
