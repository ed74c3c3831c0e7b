import { describe, expect, test } from "vitest";
import { canonicalJson, digestOfJson } from "./canonical.ts";
import { cloudEvent, schemaOfEvent, type CloudEvent } from "./envelope.ts";
import { eventKey, partsOfTask, runId, seedOfRun, taskEventId } from "./ids.ts";
import { outcomeOf, worstOf } from "./outcome.ts";
import { plainEvent } from "./plain-envelope.ts";
import { comparePositions, parsePosition, printPosition } from "./position.ts";
import { eventType, longType, parseType, shortType } from "./type.ts";

const event: CloudEvent = {
  specversion: "1.0",
  id: "r/train/acme/2/finished",
  source: "/jackfield/handlers/acme",
  type: eventType("train", "finished", "1.0.0"),
  project: "weather",
  subproject: "seattle",
  status: "succeeded",
  result: "fail",
  attempt: 2,
};

describe("what is surely an event", () => {
  const odd: Record<string, unknown>[] = [
    { id: undefined },
    { id: "" },
    { id: "ü" },
    { id: 7 },
    { source: "a\nb" },
    { specversion: "0.3" },
    { specversion: undefined },
    { type: undefined },
    { time: "2026-02-30T10:00:00Z" },
    { time: "yesterday" },
    { time: "2026-01-31T10:00:00+01:00" },
    { project: "no spaces" },
    { subproject: "seattle-57" },
    { handler: "a".repeat(65) },
    { role: "third" },
    { status: "fine" },
    { result: "pass " },
    { attempt: 0 },
    { attempt: 1.5 },
    { attempt: 2 ** 31 },
    { attempt: "2" },
    { Extension: "x" },
    { extension: "x" },
    { extension: { nested: true } },
    { extension: true },
    { data: 1 },
    { data_base64: "AA==" },
    { data_base64: "?" },
    Object.fromEntries([["__proto__", "x"]]),
  ];

  test("the quick look says yes to no event that its schema refuses", () => {
    for (const one of odd) {
      const changed = { ...event, ...one };
      const plain = plainEvent(changed);
      if (plain !== undefined) expect(schemaOfEvent(changed["type"]).parse(changed)).toEqual(plain);
    }
  });

  test("it says yes to what is ordinary, and leaves the rest to the schema", () => {
    expect(
      plainEvent({ ...event, time: "2026-01-31T10:00:00.123Z", extension: "x", data: {} }),
    ).toBeDefined();
    const left = odd.filter((one) => plainEvent({ ...event, ...one }) === undefined);
    expect(left).toHaveLength(odd.length - 3);
  });
});

describe("ids", () => {
  const cause = {
    project: "weather",
    subproject: "seattle",
    workflow: "lifecycle",
    source: "/ci",
    type: "t",
    id: "1",
  };

  test("the same request is the same run, another request another", () => {
    expect(runId(cause)).toBe(runId({ ...cause }));
    expect(runId(cause)).toMatch(/^[a-z2-7]{26}$/);
    for (const other of [
      { subproject: "oslo" },
      { workflow: "check" },
      { id: "2" },
      { repeat: 1 },
      { stage: "live" },
    ])
      expect(runId({ ...cause, ...other })).not.toBe(runId(cause));
  });

  test("a run id is base32 over SHA-256 of the canonical cause", () => {
    // printf '["weather","seattle",null,"lifecycle","/ci","t","1",null,null]' | sha256sum, then base32 of the bytes
    expect(runId(cause)).toBe("nebb2p5dzlebmd45vztjfebquj");
  });

  test("a seed is the first 31 bits of a run id", () => {
    expect(seedOfRun("a".repeat(26))).toBe(0);
    expect(seedOfRun("7".repeat(26))).toBe(2 ** 31 - 1);
    expect(seedOfRun(`b${"a".repeat(25)}`)).toBe(2 ** 26);
  });

  test("an id names task, handler, attempt and step of life", () => {
    expect(taskEventId({ task: "r/train", handler: "acme", attempt: 2 }, "finished")).toBe(
      "r/train/acme/2/finished",
    );
    expect(partsOfTask("r/trials/@3/train")).toEqual({ run: "r", step: "trials/@3/train" });
  });

  test("the key has the project in it, so that one source may feed two", () => {
    expect(eventKey(event)).not.toBe(eventKey({ ...event, project: "other" }));
    expect(eventKey(event)).toBe(eventKey({ ...event, time: "2026-01-01T00:00:00Z" } as CloudEvent));
  });

  test("canonical JSON sorts names, so equal values have equal digests (RFC 8785)", () => {
    expect(canonicalJson({ b: 1, a: [1e21, "é"] })).toBe('{"a":[1e+21,"é"],"b":1}');
    expect(digestOfJson({ a: 1, b: 2 })).toBe(digestOfJson({ b: 2, a: 1 }));
  });
});

describe("types and positions", () => {
  test("a type is built in one way and read back", () => {
    expect(event.type).toBe("dev.cdeventsx.jackfield-train.finished.1.0.0");
    expect(parseType(event.type)).toEqual({ subject: "train", predicate: "finished", version: "1.0.0" });
    expect(shortType(event.type)).toBe("train.finished");
    expect(longType("train.finished")).toBe(event.type);
    expect(shortType("com.example.thing")).toBe("com.example.thing");
    expect(longType("com.example.thing")).toBe("com.example.thing");
  });

  test("positions have one order across epochs", () => {
    const [old, young] = [parsePosition("100-9"), parsePosition("101-1")];
    expect(comparePositions(old, young)).toBeLessThan(0);
    expect(printPosition(young)).toBe("101-1");
    expect(() => parsePosition("yesterday")).toThrow();
  });

  test("the worst of several outcomes decides", () => {
    expect(worstOf(["pass", "aborted", "fail"])).toBe("fail");
    expect(worstOf(["warning", "pass"])).toBe("warning");
    expect(outcomeOf("timedout", undefined)).toBe("timedout");
    expect(outcomeOf("succeeded", "fail")).toBe("fail");
  });

  test("an attribute with a control character is refused, an unknown extension kept", () => {
    expect(cloudEvent.safeParse({ ...event, subject: "a\u0000b" }).success).toBe(false);
    expect(cloudEvent.parse({ ...event, myext: "kept" })["myext"]).toBe("kept");
  });
});
