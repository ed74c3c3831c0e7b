// What each bridge says of whole stories of the conductor: a broken attempt, the cache, a fail.
import { expect, test } from "vitest";
import { toCdevents } from "@jackfield/cdevents/to-cdevents";
import { toKeptn } from "@jackfield/keptn/to-keptn";
import { Story } from "@jackfield/lifecycle/story";
import { answer, builtInCatalogue, newest, said, started, weather } from "@jackfield/lifecycle/story-events";
import type { RunEvent } from "@jackfield/openlineage/run-event";
import { toOpenlineage } from "@jackfield/openlineage/to-openlineage";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { officialSchemas, skipWithout } from "./bed/official.ts";

const at = "2026-05-01T10:00:00.000Z";
const request = (id: string): CloudEvent =>
  said("run.requested", { id, subproject: "seattle", correlationid: id });
const steps = ["fetch", "split", "train", "evaluate"];

/** A run with a broken first attempt, the same run from the cache, and one whose last step is no success. */
function stories(): CloudEvent[] {
  const story = weather(new Story(builtInCatalogue)).given(request("first"));
  for (const step of steps) {
    const asked = (): CloudEvent => newest(story, `${step}.triggered`);
    if (step === "train") story.given(started(asked()), answer(asked(), "errored", { retry: true }));
    story.given(started(asked()), answer(asked(), "pass"));
  }
  story.given(
    request("cached"),
    said("run.requested", { id: "new", subproject: "seattle", data: { cache: false } }),
  );
  for (const step of steps) {
    const asked = newest(story, `${step}.triggered`);
    story.given(answer(asked, step === "evaluate" ? "fail" : "pass"));
  }
  return story.log;
}

const log = stories();

test("the stories are what they should be", () => {
  expect(log.filter(({ type }) => type.includes("run.finished")).map(({ result }) => result)).toEqual([
    "pass",
    "pass",
    "fail",
  ]);
  expect(log.some(({ attempt }) => attempt === 2)).toBe(true);
});

test("OpenLineage: every run and attempt starts once, ends once, and its parent is there", () => {
  const told = log.flatMap((event) => toOpenlineage({ event, at }));
  const runs = new Map<string, RunEvent[]>();
  for (const event of told) runs.set(event.run.runId, [...(runs.get(event.run.runId) ?? []), event]);
  expect(runs.size).toBe(3 + 5 + 4 + 4);
  for (const [, events] of runs) {
    const types = events.map(({ eventType }) => eventType);
    expect(types.filter((type) => type === "START")).toHaveLength(1);
    expect(types[0]).toBe("START");
    expect(types.filter((type) => type === "COMPLETE" || type === "FAIL")).toHaveLength(1);
    expect(types.at(-1)).not.toBe("RUNNING");
    const parent = events[0]?.run.facets?.["parent"]?.["run"] as { runId: string } | undefined;
    if (parent !== undefined) expect(runs.has(parent.runId)).toBe(true);
  }
});

test("Keptn: whatever is answered was triggered before, in the same context", () => {
  const told = log.flatMap((event) => toKeptn({ event, at }));
  const triggered = new Map<unknown, unknown>();
  for (const event of told) {
    if (event.type.endsWith(".triggered")) triggered.set(event.id, event["shkeptncontext"]);
    else expect(triggered.get(event["triggeredid"])).toBe(event["shkeptncontext"]);
  }
  expect(triggered.size).toBe(3 + 5 + 4 + 4);
});

test("CDEvents: every cause is in the story, and each run is one test suite run", () => {
  const told = log.flatMap((event) => toCdevents({ event, at }));
  const ids = new Set(told.map(({ context }) => context.id));
  for (const { context } of told)
    for (const { from, target } of context.links ?? []) expect(ids).toContain((from ?? target)?.contextId);
  const suites = told.filter(({ context }) => context.type.includes("testsuiterun"));
  expect(suites.map(({ subject }) => subject.content["outcome"])).toEqual(["success", "success", "failure"]);
  const models = told.filter(({ context }) => context.type.includes("artifact.published"));
  expect(new Set(models.map(({ subject }) => subject.id)).size).toBe(3);
});

test("all of it is valid by the official schemas", (context) => {
  skipWithout("cdevents-0.5.1")(context);
  const cdevents = officialSchemas("cdevents-0.5.1");
  const lineage = officialSchemas("openlineage");
  for (const event of log) {
    for (const one of toCdevents({ event, at })) {
      const [, subject, predicate] = /^dev\.cdevents\.(\w+)\.(\w+)/.exec(one.context.type) ?? [];
      const name = subject === undefined ? "custom" : `${subject}-${predicate ?? ""}-event`;
      expect(cdevents(`https://cdevents.dev/0.5.1/schema/${name}`, one)).toBeUndefined();
    }
    for (const one of toOpenlineage({ event, at })) expect(lineage(one.schemaURL, one)).toBeUndefined();
  }
});
