import { HTTP } from "cloudevents";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { decode, decodeBatch, type Decoded } from "./codec.ts";
import { encodeBinary, encodeStructured, type Encoded } from "./encode.ts";
import { decodeHeader, encodeHeader } from "./header-text.ts";

const base: CloudEvent = { specversion: "1.0", id: "1", source: "/ci", type: "com.example.pushed" };
const body = (value: unknown): Uint8Array =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const eventOf = (decoded: Decoded): CloudEvent => {
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.event;
};
const reasonOf = (decoded: Decoded): string => (decoded.ok ? "an event" : decoded.reason);
const structured = (value: unknown): Decoded =>
  decode({ headers: [["content-type", "application/cloudevents+json"]], body: body(value) });

test("a header value is encoded exactly as the NATS binding says", () => {
  expect(encodeHeader("Euro € 😀")).toBe("Euro%20%E2%82%AC%20%F0%9F%98%80");
  expect(encodeHeader('say "100%"!~')).toBe("say%20%22100%25%22!~");
  expect(decodeHeader("Euro%20%e2%82%ac%20%F0%9F%98%80")).toBe("Euro € 😀");
  expect(decodeHeader('"a \\"quoted\\" %41"')).toBe('a "quoted" A');
  expect(decodeHeader("%2541")).toBe("%41");
  expect(decodeHeader("100%")).toBe("100%");
  expect(decodeHeader("%C0%A0")).toBeUndefined();
});

test("structured mode is found by its header in any case, and without one", () => {
  const event = { ...base, data: { n: 1 } };
  for (const headers of [
    [["Content-Type", "application/cloudevents+json"]],
    [["CONTENT-TYPE", "Application/CloudEvents+JSON;charset=UTF-8"]],
    [],
  ] as [string, string][][]) {
    expect(eventOf(decode({ headers, body: body(event) }))).toEqual(event);
  }
});

test("falsy data, unknown extensions and the sent time come through as they were", () => {
  for (const data of [0, false, "", null, [], {}]) {
    const event = {
      ...base,
      time: "2026-01-02T03:04:05.123456789+02:00",
      foreignext: "kept",
      hops: 3,
      flag: false,
      data,
    };
    expect(eventOf(structured(event))).toEqual(event);
  }
  expect(eventOf(structured(base))).not.toHaveProperty("data");
});

test("an integer beyond 2^53 survives reading and writing, and text that looks like one stays text", () => {
  const text = `{"specversion":"1.0","id":"1","source":"/ci","type":"t","data":{"big":9007199254740993,"x":0.1234567890123456789,"s":"12345678901234567890"}}`;
  const event = eventOf(structured(text));
  expect(event.data).toEqual({ big: 9007199254740993n, x: 0.12345678901234568, s: "12345678901234567890" });
  expect(Buffer.from(encodeStructured(event).body).toString()).toContain('"big":9007199254740993,');
});

test("binary mode: names in any case, integers by name, data as its content type says", () => {
  const headers: [string, string | string[]][] = [
    ["CE-SpecVersion", ["1.0"]],
    ["ce-id", "a%20b"],
    ["Ce-Source", "/ci"],
    ["ce-type", "t"],
    ["ce-attempt", "2"],
    ["ce-sampledrate", "5"],
    ["Nats-Msg-Id", "x"],
  ];
  const event = { specversion: "1.0", id: "a b", source: "/ci", type: "t", attempt: 2, sampledrate: "5" };
  const withType = (type: string): [string, string | string[]][] => [
    ...headers,
    ["ce-datacontenttype", type],
  ];
  expect(eventOf(decode({ headers, body: body("") }))).toEqual(event);
  expect(eventOf(decode({ headers, body: body("0") }))).toEqual({ ...event, data: 0 });
  expect(eventOf(decode({ headers: withType("application/ld+json"), body: body("[1]") }))).toMatchObject({
    data: [1],
  });
  expect(eventOf(decode({ headers: withType("text/xml"), body: body("<x/>") }))).toMatchObject({
    data_base64: "PHgvPg==",
  });
  expect(reasonOf(decode({ headers: withType("application/json"), body: body("{") }))).toMatch(
    /^the data are no JSON/,
  );
});

test("what is no event says why, and nothing throws", () => {
  const cases: [unknown, RegExp][] = [
    ["junk", /JSON/],
    ["[]", /no JSON object/],
    [{ ...base, specversion: "0.3" }, /specversion/],
    [{ ...base, id: "" }, /id/],
    [{ ...base, id: "half \ud800" }, /id/],
    [{ ...base, nested: { a: 1 } }, /nested/],
    [{ ...base, half: 1.5 }, /half/],
    [{ ...base, Upper: "x" }, /Upper/],
    ['{"specversion":"1.0","id":"1","source":"/","type":"t","__proto__":"x"}', /__proto__/],
    [{ ...base, data: 1, data_base64: "AA==" }, /both/],
    [
      `{"specversion":"1.0","id":"1","source":"/","type":"t","data":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
      /deep/,
    ],
    [`{"a":1234567890123456,"data":${"[".repeat(60_000)}`, /./],
  ];
  for (const [value, reason] of cases) expect(reasonOf(structured(value)), String(reason)).toMatch(reason);
  expect(reasonOf(decode({ headers: [], body: Buffer.from([0xff, 0xfe]) }))).toMatch(/./);
  const twice = decode({
    headers: [
      ["ce-specversion", "1.0"],
      ["ce-id", "1"],
      ["CE-ID", "2"],
    ],
    body: body(""),
  });
  expect(reasonOf(twice)).toBe("the header ce-id is there twice");
  const avro = decode({ headers: [["content-type", "application/cloudevents+avro"]], body: body("x") });
  expect(avro).toMatchObject({ ok: false, unsupported: true });
});

test("null attributes are absent, and each event of a batch is judged alone", () => {
  expect(eventOf(structured({ ...base, subject: null }))).toEqual(base);
  const batch = decodeBatch(body([base, { ...base, id: "" }, 5]));
  expect(batch.ok && batch.events.map((event) => event.ok)).toEqual([true, false, false]);
  expect(decodeBatch(body({})).ok).toBe(false);
});

test("the writer is strict", () => {
  for (const wrong of [
    { toolongattributename1: "x" },
    { under_score: "x" },
    { nested: { a: 1 } },
    { big: 2 ** 31 },
    { nothing: null },
    { subject: "" },
    { mark: "\ufffe" },
    { type: "dev.cdeventsx.jackfield-train.finished.1.0.0", attempt: 0 },
    { data: 1, data_base64: "AA==" },
  ]) {
    const event: CloudEvent = { ...base, ...wrong };
    expect(() => encodeStructured(event)).toThrow(expect.objectContaining({ code: "E_INVALID" }));
    expect(() => encodeBinary(event)).toThrow(expect.objectContaining({ code: "E_INVALID" }));
  }
  const large = { ...base, data: "x".repeat(66_000) };
  expect(() => encodeStructured(large)).toThrow(expect.objectContaining({ code: "E_TOO_LARGE" }));
});

const text = fc
  .string({ unit: "binary", minLength: 1, maxLength: 30 })
  .map((value) => `a${value.replaceAll(/[\p{Cc}\p{Noncharacter_Code_Point}]/gu, "")}`);
const anyEvent: fc.Arbitrary<CloudEvent> = fc
  .record({
    id: text,
    source: text,
    type: text,
    subject: text,
    ext: text,
    attempt: fc.integer({ min: 1, max: 99 }),
    data: fc.jsonValue(),
  })
  .map((parts) => ({ specversion: "1.0", ...parts }));

const resent = ({ body: bytes, headers }: Encoded): Decoded => decode({ body: bytes, headers });

test("any event comes back whole and with one digest, from both modes", () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const both = [resent(encodeStructured(event)), resent(encodeBinary(event))];
      const [one, other] = both.map((decoded) => (decoded.ok ? decoded : undefined));
      expect(one?.event).toEqual(JSON.parse(JSON.stringify(event)));
      expect(other?.event).toEqual(one?.event);
      expect(other?.digest).toBe(one?.digest);
    }),
    { numRuns: 200 },
  );
});

test("the CloudEvents SDK reads what is written here, and the other way round", () => {
  const event: CloudEvent = {
    ...base,
    subject: "s",
    ext: "plain",
    time: "2026-01-02T03:04:05.000Z",
    data: { n: 1 },
  };
  for (const encoded of [encodeStructured(event), encodeBinary(event, "http")]) {
    const headers = Object.fromEntries(encoded.headers.map(([name, value]) => [name.toLowerCase(), value]));
    const theirs = HTTP.toEvent({ headers, body: Buffer.from(encoded.body).toString() });
    if (Array.isArray(theirs)) throw new Error("one event was sent");
    expect({ ...theirs }).toMatchObject(event);
    for (const message of [HTTP.structured(theirs), HTTP.binary(theirs)]) {
      const lines = Object.entries(message.headers).map(([name, value]): [string, string] => [
        name,
        String(value),
      ]);
      const ours = decode({ headers: lines, body: body(message.body) }, "http");
      expect(eventOf(ours)).toMatchObject(event);
    }
  }
});

test("a stranger's status, stage or attempt is a word of theirs; on our types they keep our meaning", () => {
  const foreign = {
    specversion: "1.0",
    id: "1",
    source: "/shop",
    type: "com.example.sold",
    status: "ok",
    stage: "front desk",
    attempt: "third",
  };
  const read = (event: object) => decode({ headers: [], body: Buffer.from(JSON.stringify(event)) });
  expect(read(foreign)).toMatchObject({ ok: true, event: foreign });
  expect(read({ ...foreign, type: "dev.cdeventsx.jackfield-train.requested.1.0.0" })).toMatchObject({
    ok: false,
  });
});
