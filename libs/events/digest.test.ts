import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { decode } from "./codec.ts";
import { contentDigest, messageId } from "./digest.ts";

const base: CloudEvent = {
  specversion: "1.0",
  id: "r/train/train/1/finished",
  source: "/jackfield/handlers/train",
  type: "dev.cdeventsx.jackfield-train.finished.1.0.0",
  data: { outputs: { b: 1, a: [1, 2] } },
};
const read = (text: string): string => {
  const decoded = decode({ headers: [], body: Buffer.from(text) });
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.digest;
};

test("an honest producer that makes an event again gets the same digest", () => {
  const again: CloudEvent = {
    ...base,
    data: { outputs: { a: [1, 2], b: 1 } },
    time: "2026-01-01T00:00:00Z",
    traceparent: "x",
  };
  expect(contentDigest(again)).toBe(contentDigest(base));
  expect(read(JSON.stringify(again, null, 4))).toBe(contentDigest(base));
});

test("any other difference is a conflict", () => {
  const others: CloudEvent[] = [
    { ...base, id: "r/train/train/2/finished" },
    { ...base, subject: "r/train" },
    { ...base, data: { outputs: { b: 1, a: [2, 1] } } },
    { ...base, data: null },
    { ...base, data: "" },
    { ...base, data_base64: "", data: undefined },
  ];
  const digests = [base, ...others].map(contentDigest);
  expect(new Set(digests).size).toBe(digests.length);
  expect(messageId(base, digests[0]!)).not.toBe(messageId(base, digests[2]!));
});

test("integers that differ beyond 2^53 differ", () => {
  const withNumber = (digits: string): string =>
    read(`{"specversion":"1.0","id":"1","source":"/","type":"t","data":${digits}}`);
  expect(withNumber("9007199254740993")).not.toBe(withNumber("9007199254740992"));
});

test("bytes and the text that they are have one digest", () => {
  const text: CloudEvent = { ...base, datacontenttype: "text/xml", data: "<x/>" };
  const bytes: CloudEvent = {
    ...base,
    datacontenttype: "text/xml",
    data: undefined,
    data_base64: "PHgvPg==",
  };
  expect(contentDigest(bytes)).toBe(contentDigest(text));
});

test("what JSON cannot say has no digest", () => {
  expect(() => contentDigest({ ...base, data: { loss: NaN } })).toThrow(TypeError);
});
