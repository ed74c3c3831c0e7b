import fc from "fast-check";
import { expect, test } from "vitest";
import { fromJson } from "@jackfield/events/codec";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType } from "@jackfield/spec/event/type";
import { officialSchemas, skipWithout } from "../../test/bed/official.ts";
import { cdevent } from "./cdevent.ts";
import { fromCustom, toCustom } from "./custom.ts";

const at = "2026-05-01T10:00:00.000Z";
const text = fc.oneof(
  fc.string({ minLength: 1 }),
  fc.string({ minLength: 1, unit: "grapheme" }),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.constantFrom("/jackfield/handlers/train", "my ci", "1:2", "//[", "///x", "a%zz", "urn:a:b", "subject"),
);
const time = fc.constantFrom(
  "2026-05-01T10:00:00Z",
  "2026-05-01T10:00Z",
  "2026-05-01T10:00:00.123456789+02:00",
);
const content = fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue());

/** Events of ours as strangers may write them: any text, odd times, any data, any extension. */
const event = fc
  .record(
    {
      specversion: fc.constant("1.0"),
      id: text,
      source: text,
      type: fc.constantFrom(eventType("train", "finished", "1.0.0"), eventType("run", "requested", "9.9.9")),
      subject: text,
      time,
      datacontenttype: fc.constant("application/json"),
      correlationid: text,
      causationid: text,
      triggeredid: text,
      project: fc.constant("weather"),
      attempt: fc.integer({ min: 1, max: 9 }),
      constructor: text,
      payload: fc.oneof(fc.record({ data: content }), fc.constant({ data_base64: "AAEC" }), fc.constant({})),
    },
    { requiredKeys: ["specversion", "id", "source", "type", "payload"] },
  )
  .map(({ payload, ...attributes }) => fromJson({ ...attributes, ...payload }))
  .filter((read) => read.ok)
  .map((read) => read.event); // prettier-ignore

test("an event of ours, said as a CDEvent and read back, is the same event", () => {
  fc.assert(
    fc.property(event, (one: CloudEvent) => {
      // Over the wire: only what JSON says is left.
      const wire = cdevent.parse(JSON.parse(JSON.stringify(toCustom({ event: one, at }))));
      expect(fromCustom(wire)).toEqual(JSON.parse(JSON.stringify(one)));
    }),
    { numRuns: 500 },
  );
});

test("whatever the event, the CDEvent keeps the official schema", (context) => {
  skipWithout("cdevents-0.5.1")(context);
  const wrong = officialSchemas("cdevents-0.5.1");
  fc.assert(
    fc.property(event, (one: CloudEvent) => {
      expect(wrong("https://cdevents.dev/0.5.1/schema/custom", toCustom({ event: one, at }))).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test("story and causes stand where CDEvents looks for them, and the content where it is looked at", () => {
  const one: CloudEvent = {
    specversion: "1.0", id: "r/train/train/1/finished", source: "/jackfield/handlers/train",
    type: eventType("train", "finished", "1.0.0"), subject: "r/train", time: at, correlationid: "story",
    causationid: "r/train/train/1/triggered", triggeredid: "r/train/train/1/triggered", project: "weather",
    data: { outputs: {} },
  }; // prettier-ignore
  expect(toCustom({ event: one, at })).toEqual({
    context: {
      specversion: "0.5.1",
      id: one.id,
      source: one.source,
      type: one.type,
      timestamp: at,
      chainId: "story",
      links: [
        { linkType: "PATH", from: { contextId: one.causationid } },
        { linkType: "RELATION", linkKind: "TRIGGER", target: { contextId: one.triggeredid } },
      ],
    },
    subject: { id: "r/train", content: { outputs: {} } },
    customData: { attributes: { project: "weather" } },
  });
});

test("a CDEvent of ours that another tool wrote needs no custom data", () => {
  const written = cdevent.parse({
    context: { specversion: "0.5.1", id: "1", source: "/ci", type: eventType("run", "requested", "1.0.0"), timestamp: at, chainId: "c" },
    subject: { id: "r", content: { seed: 7 } },
  }); // prettier-ignore
  expect(fromCustom(written)).toEqual({
    specversion: "1.0", id: "1", source: "/ci", type: written.context.type, subject: "r", time: at,
    correlationid: "c", data: { seed: 7 },
  }); // prettier-ignore
});
