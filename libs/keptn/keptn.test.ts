import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType } from "@jackfield/spec/event/type";
import { requestIn } from "./from-keptn.ts";
import { parseKeptnType, printKeptnType } from "./keptn-type.ts";
import { toKeptn } from "./to-keptn.ts";

const at = "2026-05-01T10:00:00.000Z";
const examples = new URL("../../spec/published/examples/", import.meta.url);
const published = readdirSync(examples).map(
  // Checked against its schema when it was written.
  (name) => JSON.parse(readFileSync(new URL(name, examples), "utf8")) as CloudEvent,
);
const example = (short: string, changed: Partial<CloudEvent> = {}): CloudEvent => ({
  ...published.find(({ type }) => type.includes(`jackfield-${short}.`))!,
  ...changed,
});
const said = (event: CloudEvent): CloudEvent | undefined => toKeptn({ event, at })[0];

test.each([
  ["sh.keptn.event.deployment.triggered", { kind: "task", task: "deployment", phase: "triggered" }],
  ["sh.keptn.event.get-sli.started", { kind: "task", task: "get-sli", phase: "started" }],
  ["sh.keptn.event.evaluation.finished", { kind: "task", task: "evaluation", phase: "finished" }],
  // Six parts like a sequence: Keptn's own library reads stage `test`, sequence `status`, kind `changed`.
  ["sh.keptn.event.test.status.changed", { kind: "task", task: "test", phase: "status.changed" }],
  ["sh.keptn.event.dev.delivery.triggered", { kind: "sequence", stage: "dev", sequence: "delivery", phase: "triggered" }],
  ["sh.keptn.event.status.status.finished", { kind: "sequence", stage: "status", sequence: "status", phase: "finished" }],
])("%s is read by its phase, and written back", (type, parts) => {
  const read = parseKeptnType(type);
  expect(read).toEqual(parts);
  expect(printKeptnType(read!)).toBe(type);
}); // prettier-ignore

test.each([
  "sh.keptn.event.evaluation.invalidated",
  "sh.keptn.event.dev.delivery.started",
  "sh.keptn.event.a.b.c.triggered",
  "sh.keptn.event..triggered",
  "sh.keptn.event.dev..triggered",
  "sh.keptn.event.triggered",
  "sh.keptn.events.test.triggered",
  "xsh.keptn.event.test.triggered",
])("%s is neither a task nor a sequence", (type) => {
  expect(parseKeptnType(type)).toBeUndefined();
});

test("a name with a dot has no type: it would be read as something else", () => {
  expect(printKeptnType({ kind: "task", task: "a.b", phase: "finished" })).toBeUndefined();
  expect(said(example("run.finished", { workflow: "a.b" }))).toBeUndefined();
});

test("the life of a task is Keptn's, with the same story and the same triggered id", () => {
  const life = ["triggered", "started", "progressed", "finished"].map((predicate) =>
    example(`train.${predicate}`, { correlationid: "story", project: "weather", subproject: "seattle" }),
  );
  const keptn = life.map((event) => said(event));
  expect(keptn.map((event) => event?.type)).toEqual(
    ["triggered", "started", "status.changed", "finished"].map((phase) => `sh.keptn.event.train.${phase}`),
  );
  for (const [index, event] of keptn.entries()) {
    expect(event).toMatchObject({ shkeptncontext: "story", id: life[index]?.id });
    expect(event?.data).toMatchObject({ project: "weather", stage: "default", service: "seattle" });
    expect(event?.["triggeredid"]).toBe(life[index]?.triggeredid);
  }
  expect(keptn[0]?.data).toMatchObject({ train: (life[0]?.data as { inputs: object }).inputs });
  expect(keptn[3]?.data).toMatchObject({ status: "succeeded", result: "pass", train: { model: {} } });
});

test.each([
  [
    { status: "succeeded", result: "warning" },
    { status: "succeeded", result: "warning" },
  ],
  [
    { status: "succeeded", result: undefined },
    { status: "succeeded", result: "pass" },
  ],
  [{ status: "errored" }, { status: "errored", result: "fail" }],
  [{ status: "timedout" }, { status: "errored", result: "fail" }],
  // Keptn itself says pass of what was aborted; nobody should read that as a verdict.
  [{ status: "aborted" }, { status: "aborted", result: "fail" }],
] as const)("an answer that %o is %o there", (ours, theirs) => {
  expect(said(example("train.finished", { result: undefined, ...ours }))?.data).toMatchObject(theirs);
});

test("a run is a sequence, and its end answers its beginning", () => {
  const scope = { project: "weather", stage: "production", workflow: "lifecycle", run: "r1" };
  const started = said(example("run.started", { ...scope, id: "r1/1/started" }));
  const finished = said(example("run.finished", { ...scope, id: "r1/1/finished" }));
  expect(started).toMatchObject({
    type: "sh.keptn.event.production.lifecycle.triggered",
    id: "r1/1/started",
  });
  expect(finished).toMatchObject({
    type: "sh.keptn.event.production.lifecycle.finished",
    triggeredid: started?.id,
    data: { stage: "production", status: "succeeded", result: "pass" },
  });
});

test("shadows and what Keptn has no word for are not said; its own events stay as they came", () => {
  expect(said(example("train.finished", { role: "shadow" }))).toBeUndefined();
  const others = published.filter(({ type }) => /jackfield-(model|config|binding)\.|\.requested\./.test(type));
  expect(others.flatMap((event) => toKeptn({ event, at }))).toEqual([]);
  const foreign = { ...example("run.started"), type: "sh.keptn.event.problem.open" };
  expect(toKeptn({ event: foreign, at })).toEqual([foreign]);
  expect(toKeptn({ event: { ...foreign, type: "com.example.x" }, at })).toEqual([]);
}); // prettier-ignore

const keptnEvent = (type: string, data: object = {}): CloudEvent => ({
  specversion: "1.0", id: "k1", source: "shipyard-controller", type, shkeptncontext: "c1",
  data: { project: "weather", stage: "dev", service: "seattle", ...data },
}); // prettier-ignore
const requestOf = (name: string): string | undefined =>
  name === "train" ? eventType("train", "requested", "1.2.0") : undefined;

test("a triggered sequence asks for a run, a triggered task of a known capability for that task", () => {
  const run = requestIn(keptnEvent("sh.keptn.event.dev.delivery.triggered"), requestOf);
  const scope = { project: "weather", subproject: "seattle", stage: "dev" };
  const story = { id: "k1", correlationid: "c1", causationid: "k1", causationsource: "shipyard-controller" };
  expect(run).toMatchObject({ ...scope, ...story, data: { workflow: "delivery" } });
  expect(run?.type).toContain("jackfield-run.requested.");
  const task = requestIn(keptnEvent("sh.keptn.event.train.triggered", { train: { depth: 3 } }), requestOf);
  expect(task).toMatchObject({ ...scope, ...story, data: { inputs: { depth: 3 } } });
  expect(task?.type).toContain("jackfield-train.requested.1.2.0");
  const nowhere = requestIn(
    keptnEvent("sh.keptn.event.default.x.triggered", { stage: "default" }),
    requestOf,
  );
  expect(nowhere).not.toHaveProperty("stage");
});

test.each([
  "sh.keptn.event.deployment.triggered",
  "sh.keptn.event.train.started",
  "sh.keptn.event.train.status.changed",
  "sh.keptn.event.dev.delivery.finished",
])("%s asks for nothing here", (type) => {
  expect(requestIn(keptnEvent(type), requestOf)).toBeUndefined();
});

test("a Keptn event without a project asks for nothing", () => {
  const event = { ...keptnEvent("sh.keptn.event.train.triggered"), data: { stage: "dev" } };
  expect(requestIn(event, requestOf)).toBeUndefined();
});
