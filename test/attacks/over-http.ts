import { expect } from "vitest";
import { jsonBody, type Attack, type Strike, type World } from "./world.ts";

const events = "/v1/events";
const json = { "content-type": "application/json" };
const pushed = { type: "com.example.pushed", project: "weather" };

/** Refused by its number, and never with an error of ours. */
const refused =
  (said: Strike, ...statuses: number[]) =>
  async ({ asWeather }: World): Promise<void> => {
    const { status, body } = await asWeather(said);
    expect({ is: statuses.includes(status), status, body }).toMatchObject({ is: true });
  };

const post = (body: string | Uint8Array, headers: Strike["headers"] = json): Strike => ({
  method: "POST",
  path: events,
  headers,
  body,
});
const withData = (data: string): Strike =>
  post(`{"type":"com.example.pushed","project":"weather","data":${data}}`);
const binary = (headers: Record<string, string | string[]>): Strike =>
  post("{}", {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/x",
    "ce-type": "com.example.x",
    "ce-project": "weather",
    ...headers,
  });

const quickly =
  (strike: (world: World) => Promise<void>, withinMs: number) =>
  async (world: World): Promise<void> => {
    const began = performance.now();
    await strike(world);
    // Of the whole answer, on a machine that does other things too.
    expect(performance.now() - began).toBeLessThan(withinMs);
  };

export const overHttp: Attack[] = [
  ...[
    "text/plain",
    "application/json-patch",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "application/xml",
  ].map((type): Attack => [
    "S28",
    `the content type ${type}`,
    refused(post(JSON.stringify(pushed), { "content-type": type }), 415),
  ]),
  [
    "S28",
    "a command with no content type",
    refused({ method: "POST", path: "/v1/bindings", body: "{}" }, 403, 415),
  ],
  ["S29", "an attribute with percent-encoded CR LF", refused(binary({ "ce-id": "a%0D%0Ax: y" }), 400)],
  ["S29", "an attribute that is there twice", refused(binary({ "ce-subject": ["a", "b"] }), 400)],
  ["S29", "an attribute called data", refused(binary({ "ce-data": "x" }), 400)],
  ["S29", "an attribute that is no UTF-8", refused(binary({ "ce-subject": "%ff" }), 400)],
  [
    "S29",
    "binary and structured at once: the body counts, the headers do not",
    async ({ asWeather }) => {
      const body = JSON.stringify({
        specversion: "1.0",
        id: "b1",
        source: "/x",
        type: "com.example.x",
        project: "weather",
      });
      const said = binary({
        "content-type": "application/cloudevents+json",
        "ce-source": "/jackfield/conductor",
      });
      const { status, body: answer } = await asWeather({ ...said, body });
      expect([status, JSON.parse(answer)]).toMatchObject([202, { id: "b1" }]);
    },
  ],
  [
    "S30",
    "JSON nested 100,000 deep",
    quickly(refused(withData("[".repeat(100_000) + "]".repeat(100_000)), 400), 1_000),
  ],
  [
    "S30",
    "an object with 200,000 names",
    quickly(
      refused(withData(`{${Array.from({ length: 200_000 }, (_, n) => `"k${n}":1`).join(",")}}`), 400, 413),
      1_000,
    ),
  ],
  ["S30", "a number out of range", refused(withData("1e999"), 400)],
  ["S30", "a number with a million digits", quickly(refused(withData("9".repeat(1_000_000)), 400), 1_000)],
  ["S30", "a name that is there twice", refused(withData('{"a":1,"a":2}'), 400)],
  ["S30", "a name that is there twice, written in two ways", refused(withData('{"a":1,"\\u0061":2}'), 400)],
  ["S30", "half a surrogate pair", refused(withData('"\\ud800"'), 400)],
  ["S30", "NUL in a text", refused(withData('"\\u0000"'), 400)],
  ["S30", "bytes that are no UTF-8", refused(post(Buffer.from([0x7b, 0xff, 0x7d])), 400)],
  ["S30", "no bytes at all", refused(post(""), 400, 415)],
  [
    "S30",
    "names that change what objects are",
    async ({ asWeather }) => {
      const said = withData('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}');
      expect((await asWeather(said)).status).toBe(202);
      expect(Reflect.get({}, "admin")).toBeUndefined();
    },
  ],
  ["S31", "a body of five megabytes", refused(post(`"${"x".repeat(5_000_000)}"`), 413)],
  [
    "S31",
    "two lengths that contradict each other",
    async ({ raw }) => {
      const head = `POST ${events} HTTP/1.1\r\nHost: localhost\r\n`;
      expect(
        await raw(`${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics`),
      ).toMatch(/^HTTP\/1\.1 400/);
    },
  ],
  [
    "S31",
    "a hundred thousand headers",
    async ({ raw }) => {
      const lines = Array.from({ length: 100_000 }, (_, n) => `x-${n}: 1\r\n`).join("");
      expect(await raw(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`)).toMatch(
        /^HTTP\/1\.1 431|^$/,
      );
    },
  ],
  [
    "S32",
    "a filter that makes a reader go back for ever",
    quickly(
      refused(
        { path: `${events}?filter=${encodeURIComponent(`type=${"*a".repeat(2_000)}b`)}` },
        200,
        400,
        414,
        422,
        431,
      ),
      1_000,
    ),
  ],
  [
    "S33",
    "SQL in a filter",
    refused({ path: `${events}?filter=${encodeURIComponent("subject='x' or 1=1;drop table events")}` }, 400),
  ],
  [
    "S33",
    "SQL in a cursor",
    refused({ path: `/v1/runs?cursor=${encodeURIComponent("1' or '1'='1")}` }, 400, 422),
  ],
  ["S33", "a limit below nothing", refused({ path: "/v1/runs?limit=-1" }, 422)],
  ["S33", "a limit beyond all", refused({ path: "/v1/runs?limit=1e9" }, 422)],
  ["S33", "an order that is none", refused({ path: `${events}?order=id;drop` }, 422)],
  [
    "S33",
    "wildcards in a ref find nothing that is not called so",
    async ({ asWeather }) => expect((await asWeather({ path: "/v1/runs/%25" })).status).toBe(404),
  ],
  [
    "S34",
    "a page of another site asks with a token",
    refused({ ...jsonBody(events, pushed), headers: { ...json, origin: "https://evil.example" } }, 403),
  ],
  ["S34", "a GET that would change something", refused({ path: "/v1/runs/x/abort" }, 403, 405)],
  ...["evil.test", "127.0.0.1.nip.io", "localhost.evil.test", "[::ffff:127.0.0.1]"].flatMap(
    (host): Attack[] => [
      [
        "S35",
        `the name ${host} pointed at this machine`,
        refused({ path: "/v1/runs", headers: { host } }, 421),
      ],
      [
        "S35",
        `the name ${host} for the stream`,
        refused({ path: "/v1/events/stream", headers: { host } }, 421),
      ],
    ],
  ),
  ...["null", "https://evil-jackfield.dev", "http://localhost.evil.test"].map((origin): Attack => [
    "S36",
    `the origin ${origin} is told nothing it could read`,
    async ({ strike }) => {
      const { headers } = await strike({ path: "/openapi.json", method: "OPTIONS", headers: { origin } });
      const got = await strike({ path: "/openapi.json", headers: { origin } });
      for (const said of [headers, got.headers])
        expect(Object.keys(said).filter((name) => name.startsWith("access-control"))).toEqual([]);
      expect(got.status).toBe(403);
    },
  ]),
];
