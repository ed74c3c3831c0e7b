import fc from "fast-check";
import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType } from "@jackfield/spec/event/type";
import { checkAgainstSubject, encodeToken, encodeType, parseSubject, subjectOf } from "./subject.ts";

const trainEvent = (predicate: string, more: Partial<CloudEvent> = {}): CloudEvent => ({
  specversion: "1.0",
  id: "1",
  type: eventType("train", predicate, "1.0.0"),
  source: "/jackfield/handlers/boost",
  project: "weather",
  handler: "boost",
  ...more,
});
const conductor = { source: "/jackfield/conductor" };
const train = "dev.cdeventsx.jackfield-train";

test("a subject names the project, the addressee or author, and the type", () => {
  const table: [CloudEvent, string][] = [
    [trainEvent("triggered", conductor), `evt.weather.boost.${train}.triggered.1.0.0`],
    [
      trainEvent("triggered", { ...conductor, data: { cached: true } }),
      `evt.weather._.${train}.triggered.1.0.0`,
    ],
    [trainEvent("started"), `evt.weather.boost.${train}.started.1.0.0`],
    [trainEvent("finished"), `evt.weather.boost.${train}.finished.1.0.0`],
    [trainEvent("finished", conductor), `evt.weather._.${train}.finished.1.0.0`],
    [trainEvent("requested", { source: "/ci" }), `evt.weather._.${train}.requested.1.0.0`],
    [
      { specversion: "1.0", id: "1", source: "/ci", type: "com.example.pushed" },
      "evt._._.com.example.pushed",
    ],
  ];
  for (const [event, subject] of table) {
    expect(subjectOf(event)).toBe(subject);
    expect(checkAgainstSubject(event, subject)).toBeUndefined();
  }
  expect(subjectOf(trainEvent("started"), "acme.evt")).toBe(`acme.evt.weather.boost.${train}.started.1.0.0`);
});

test("hostile types become plain tokens before the client sees them", () => {
  const table: [string, string][] = [
    ["x.*", "x.=2A"],
    ["x.>", "x.=3E"],
    ["a b", "a=20b"],
    ["a..b", "a.=.b"],
    [".", "=.="],
    ["a._.b", "a.=5F.b"],
    ["nul\0l", "nul=00l"],
    ["€", "=E2=82=AC"],
    ["a=b", "a=3Db"],
    ["a\r\nPUB x", "a=0D=0APUB=20x"],
  ];
  for (const [type, encoded] of table) expect(encodeType(type)).toBe(encoded);
  expect(encodeType("x".repeat(5_000))).toMatch(/^=~[0-9a-f]{64}$/);
  expect(encodeType("a.".repeat(12))).toMatch(/^=~/);
  expect(encodeType("x".repeat(120))).toBe("x".repeat(120));
});

const token = fc.string({ unit: "binary", maxLength: 8 });

test("any text is one legal token, and no two texts are the same token", () => {
  fc.assert(
    fc.property(token, token, (one, other) => {
      const same = encodeToken(one) === encodeToken(other);
      return /^[A-Za-z0-9_=-]+$/.test(encodeToken(one)) && same === (one === other);
    }),
  );
});

test("a body that says more than its subject allows is forged", () => {
  const own = subjectOf(trainEvent("finished"));
  const unaddressed = `evt.weather._.${train}.finished.1.0.0`;
  const forged: [CloudEvent, string][] = [
    [trainEvent("finished", { project: "other" }), own],
    [trainEvent("finished", conductor), own],
    [trainEvent("finished", { source: "/jackfield/handlers/acme", handler: "acme" }), own],
    [trainEvent("finished", { handler: "acme" }), own],
    [trainEvent("finished"), unaddressed],
    [trainEvent("started"), own],
    [trainEvent("triggered"), `evt.weather.boost.${train}.triggered.1.0.0`],
    [trainEvent("triggered", { source: "/ci" }), `evt.weather.boost.${train}.triggered.1.0.0`],
    [trainEvent("triggered", conductor), `evt.weather.acme.${train}.triggered.1.0.0`],
    [trainEvent("finished", { type: "com.example.pushed" }), own],
    [trainEvent("finished"), `acme.${own}`],
    [trainEvent("finished"), "evt.weather"],
  ];
  for (const [event, subject] of forged) expect(checkAgainstSubject(event, subject)).toBeTypeOf("string");
  expect(parseSubject(own)).toEqual({
    project: "weather",
    handler: "boost",
    type: `${train}.finished.1.0.0`,
  });
});
