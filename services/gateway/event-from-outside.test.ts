import { eventType } from "@jackfield/spec/event/type";
import types from "@jackfield/spec/types.json" with { type: "json" };
import { expect, test } from "vitest";
import { fromShorthand } from "./event-from-outside.ts";

const about = { time: "2026-11-21T09:00:00Z", drawnId: "drawn", types };

test("the least that people write becomes a whole event", () => {
  const { event } = fromShorthand({ type: "run.requested", project: "weather" }, about);
  expect(event).toEqual({
    specversion: "1.0",
    id: "drawn",
    source: "/outside",
    type: eventType("run", "requested", "1.0.0"),
    time: about.time,
    correlationid: "drawn",
    organization: "default",
    project: "weather",
    data: {},
  });
});

test("what is said stands, and the key of the request is the id", () => {
  const said = { type: "com.example.x", id: "mine", source: "/ci", correlationid: "story", data: 0 };
  expect(fromShorthand(said, about).event).toMatchObject({ ...said, datacontenttype: "application/json" });
  expect(fromShorthand(said, { ...about, key: "ci-1" }).event.id).toBe("ci-1");
});

test("the digest is the content's, whatever the time", () => {
  const said = { type: "data.changed", id: "1", data: { source: "x.csv" } };
  const later = fromShorthand(said, { ...about, time: "2027-01-01T00:00:00Z" });
  expect(later.digest).toBe(fromShorthand(said, about).digest);
  expect(fromShorthand({ ...said, data: {} }, about).digest).not.toBe(later.digest);
});

test.each([
  [{ type: "trian.requested" }, "E_INVALID", "/type", "did you mean train.requested"],
  [{ type: "train.finished", project: "w" }, "E_NOT_YOURS", "/type", "run.requested"],
  [{ type: "train.requested", data: { inputs: {} } }, "E_INVALID", "/project", undefined],
  [{ type: "train.requested", project: "w", data: { inputs: 1 } }, "E_INVALID", "/data/inputs", undefined],
  [{ type: "run.requested", project: "w", data: { seed: -1 } }, "E_INVALID", "/data/seed", undefined],
  [{ type: "com.example.x", source: "/jackfield/conductor" }, "E_NOT_YOURS", "/source", "name yourself"],
  [{ type: "com.example.x", subProject: "y" }, "E_NOT_AN_EVENT", "/subProject", "the least is"],
  [{ type: "com.example.x", attempt: 1.5 }, "E_NOT_AN_EVENT", "/attempt", "the least is"],
  [{ data: {} }, "E_NOT_AN_EVENT", "/type", "the least is"],
])("%j is refused as %s at %s", (said, code, here, next) => {
  const refusal = expect.objectContaining({
    code,
    here,
    ...(next !== undefined && { next: expect.stringContaining(next) as string }),
  }) as Error;
  expect(() => fromShorthand(said, about)).toThrow(refusal);
});
