import { readdirSync, readFileSync } from "node:fs";
import { CloudEvent as SdkEvent, HTTP } from "cloudevents";
import { beforeEach, describe, expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { isAtHand, officialSchemas, skipWithout } from "../../test/bed/official.ts";
import { inCloudEvent, type Cdevent } from "./cdevent.ts";
import { toCdevents } from "./to-cdevents.ts";

const at = "2026-05-01T10:00:00.000Z";
const examples = new URL("../../spec/published/examples/", import.meta.url);
const published = readdirSync(examples).map(
  // Checked against its schema when it was written.
  (name) => JSON.parse(readFileSync(new URL(name, examples), "utf8")) as CloudEvent,
);
const example = (short: string, changed: Partial<CloudEvent> = {}): CloudEvent => {
  const found = published.find(({ type }) => type.includes(`jackfield-${short}.`));
  if (found === undefined) throw new Error(`no example of ${short}`);
  return { ...found, ...changed };
};
const inSeattle = { project: "weather", subproject: "seattle", stage: "production", run: "q6ysbtgk" };
const own = (short: string, data: unknown): CloudEvent => ({
  ...example("model.published", inSeattle),
  type: `dev.cdeventsx.jackfield-${short}.1.0.0`,
  data,
});
const standardOf = (event: CloudEvent): Cdevent | undefined => toCdevents({ event, at })[1];

const model = example("model.published").data as { model: { digest: string } };
const purl = `pkg:generic/weather/seattle@q6ysbtgk?checksum=${model.model.digest}`;
const service = { service: "weather/seattle", model: model.model };
const runData = example("run.finished").data as object;

const standard: [string, CloudEvent, object][] = [
  ["artifact-published", own("model.published", model), { id: purl, content: {} }],
  [
    "testsuiterun-finished",
    own("run.finished", { ...runData, outcome: "fail", verdict: "fail", because: { task: "t", message: "low" } }),
    { id: "q6ysbtgk", content: { outcome: "failure", environment: { id: "weather/production" }, reason: "low" } },
  ],
  [
    "incident-detected",
    { ...example("incident.detected"), source: "/jackfield/tracker", project: undefined },
    { content: { environment: { id: "jackfield" }, service: { id: "/jackfield/tracker" } } },
  ],
  ...["deployed", "upgraded", "rolledback"].map((predicate): [string, CloudEvent, object] => [
    `service-${predicate}`,
    own(`service.${predicate}`, service),
    { id: "weather/seattle", content: { environment: { id: "weather/production" }, artifactId: purl } },
  ]),
  [
    "service-removed",
    own("service.removed", { service: "weather/seattle" }),
    { id: "weather/seattle", content: { environment: { id: "weather/production" } } },
  ],
]; // prettier-ignore

test.each(standard)("%s follows its own event, and names it as its cause", (name, event, subject) => {
  const [first, second] = toCdevents({ event, at });
  expect(first?.context.type).toBe(event.type);
  expect(second).toMatchObject({
    context: {
      type: `dev.cdevents.${name.replace("-", ".")}.0.3.0`,
      links: [{ linkType: "PATH", from: { contextId: event.id } }],
    },
    subject,
  });
  expect(second?.context.id).not.toBe(event.id);
});

test("what is not known is not said: no project, no model, nothing judged", () => {
  const unknown = [
    own("service.deployed", { service: "weather/seattle" }),
    { ...own("service.deployed", service), project: undefined },
    own("run.finished", { ...runData, outcome: "pass", verdict: "none" }),
    own("model.published", { model: "a text" }),
    own("train.finished", {}),
  ];
  for (const event of unknown) expect(standardOf(event)).toBeUndefined();
});

test.each([
  ["pass", "pass", "success"],
  ["warning", "warning", "success"],
  ["errored", "none", "error"],
  ["timedout", "pass", "error"],
  ["aborted", "none", "cancel"],
])("a run that ended with %s is a test suite run that ended with %s → %s", (outcome, verdict, expected) => {
  const event = own("run.finished", { ...runData, outcome, verdict });
  expect(standardOf(event)?.subject.content).toMatchObject({ outcome: expected });
});

test("a foreign CDEvent is shown as it came, any other foreign event has no CDEvents form", () => {
  const foreign = {
    context: { specversion: "0.6.0", id: "1", source: "/ci", type: "dev.cdevents.approval.created.0.1.0", timestamp: at, custom: 1 },
    subject: { id: "a", content: {}, type: "approval" },
  }; // prettier-ignore
  const event = inCloudEvent(foreign);
  expect(event).toMatchObject({ id: "1", subject: "a", time: at, specversion: "1.0" });
  expect(toCdevents({ event, at })).toEqual([foreign]);
  const other = { ...event, type: "com.example.pushed" };
  expect(toCdevents({ event: other, at })).toEqual([]);
});

test("on the wire a CDEvent is a CloudEvent that the SDK of CloudEvents reads, in both modes", () => {
  const [custom] = toCdevents({ event: example("train.finished"), at });
  const sent = {
    headers: { "content-type": "application/cloudevents+json" },
    body: JSON.stringify(inCloudEvent(custom!)),
  };
  const read = HTTP.toEvent<Cdevent>(sent);
  if (!(read instanceof SdkEvent)) throw new Error("it is one event");
  expect(read.validate()).toBe(true);
  for (const one of [read, HTTP.toEvent(HTTP.binary(read))])
    expect(one).toMatchObject({ type: custom?.context.type, subject: custom?.subject.id, data: custom });
});

describe("against the official schemas of CDEvents 0.5.1", () => {
  beforeEach(skipWithout("cdevents-0.5.1"));
  const wrong = isAtHand("cdevents-0.5.1") ? officialSchemas("cdevents-0.5.1") : () => "not at hand";
  const id = (name: string) => `https://cdevents.dev/0.5.1/schema/${name}`;

  test("every published example of ours is a valid custom event", () => {
    expect(published.length).toBeGreaterThan(20);
    for (const event of published) {
      const [custom] = toCdevents({ event, at });
      expect(wrong(id("custom"), custom)).toBeUndefined();
    }
  });

  test.each(standard)("%s is valid", (name, event) => {
    expect(wrong(id(`${name}-event`), standardOf(event))).toBeUndefined();
  });

  test("the schemas refuse what is not", () => {
    const custom = toCdevents({ event: example("train.finished"), at })[0]!;
    expect(wrong(id("custom"), { ...custom, extra: 1 })).toContain("additional properties");
    const context = { ...custom.context, type: "dev.cdeventsx.jackfield-get-sli.x.1.0.0" };
    expect(wrong(id("custom"), { ...custom, context })).toContain("pattern");
  });
});
