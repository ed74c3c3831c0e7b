import { expect, test } from "vitest";
import { eventType } from "../event/type.ts";
import { readWebhookAnswer, type WebhookResponse } from "./webhook-answer.ts";

const read = (answer: Partial<WebhookResponse>) =>
  readWebhookAnswer({ status: 200, headers: {}, body: "", ...answer }, "t1", 0);
const json = { "content-type": "application/json" };
const structured = { "content-type": "application/cloudevents+json; charset=utf-8" };
const type = eventType("test", "finished", "1.0.0");
const finished = { specversion: "1.0", id: "a", source: "/x", type, triggeredid: "t1", status: "succeeded" };

test("200 is finished: plain output, a structured CloudEvent, or one in headers", () => {
  expect(read({ headers: json, body: '{"p50":3}' })).toEqual({
    kind: "finished",
    finished: { status: "succeeded", result: "pass", outputs: { p50: 3 } },
  });
  const data = { message: "slow", outputs: { p50: 900 } };
  const said = { kind: "finished", finished: { status: "succeeded", result: "fail", ...data } };
  expect(read({ headers: structured, body: JSON.stringify({ ...finished, result: "fail", data }) })).toEqual(
    said,
  );
  const headers = {
    ...json,
    "ce-type": type,
    "ce-triggeredid": "t%31",
    "ce-status": "succeeded",
    "ce-result": "fail",
  };
  expect(read({ headers, body: JSON.stringify(data) })).toEqual(said);
  expect(read({ status: 204 })).toMatchObject({ kind: "finished", finished: { outputs: {} } });
});

test.each([
  ["for another question", { ...finished, triggeredid: "t2" }],
  ["of another kind", { ...finished, type: eventType("test", "started", "1.0.0") }],
  ["without a status", { ...finished, status: undefined }],
])("an answer %s is refused", (_what, event) => {
  expect(read({ headers: structured, body: JSON.stringify(event) })).toMatchObject({ kind: "refused" });
});

test.each([
  [202, "accepted"],
  [301, "refused"],
  [307, "refused"],
  [400, "refused"],
  [401, "refused"],
  [403, "refused"],
  [404, "again"],
  [408, "again"],
  [409, "again"],
  [410, "gone"],
  [413, "refused"],
  [422, "refused"],
  [429, "again"],
  [500, "again"],
  [503, "again"],
  [599, "again"],
])("%i means %s", (status, kind) => {
  expect(read({ status }).kind).toBe(kind);
});

test("Retry-After is honoured as seconds and as a date, and capped", () => {
  const after = (said: string) => read({ status: 503, headers: { "retry-after": said } });
  expect(after("17")).toMatchObject({ afterSeconds: 17 });
  expect(after("Thu, 01 Jan 1970 00:01:00 GMT")).toMatchObject({ afterSeconds: 60 });
  expect(after("999999999")).toMatchObject({ afterSeconds: 86_400 });
  expect(after("some day")).not.toHaveProperty("afterSeconds");
});
