import { request } from "node:http";
import { digestOf } from "@jackfield/spec/event/canonical";
import { printPosition } from "@jackfield/spec/event/position";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix, type TestDatabase } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { tracker } from "../tracker/main.ts";
import { openBed, type Answered, type Bed } from "./fixture/bed.ts";

const nats = natsForThisFile();
let bed: Bed;
let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  bed = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix() });
  const service = await bed.start(tracker, database.url);
  await until("the tracker reads", () => service.ready().ready);
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
  await database.drop();
});

const at = (digest: string): string => `/v1/artifacts/${digest}`;

const put = (digest: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
  bed.call(at(digest), { method: "PUT", body: Buffer.from(body), headers });

const piece = (digest: string, body: string, range: string): Promise<Answered> =>
  put(digest, body, { "content-range": `bytes ${range}` });

/** An event of the project refers to these bytes from now on. */
async function refer(digest: string, size: number, project = "weather"): Promise<string> {
  const { position } = await bed.publisher.publish({
    specversion: "1.0",
    id: digest,
    source: "/ci/story",
    type: "com.example.kept",
    project,
    data: { file: { mediaType: "text/csv", digest, size, name: "täglich.csv" } },
  });
  return printPosition(position);
}

test("bytes go in under their digest, once, and come out where an event of the project refers to them", async () => {
  const bytes = "date,temp\n2012-01-01,12.8\n";
  const digest = digestOf(bytes);
  expect(await put(digest, bytes, { "content-type": "text/csv" })).toMatchObject({
    status: 201,
    body: { digest, size: bytes.length, mediaType: "text/csv" },
  });
  expect((await put(digest, bytes)).status).toBe(200);
  expect(await bed.call(`${at(digest)}?project=weather`)).toMatchObject({ status: 404 });
  const after = await refer(digest, bytes.length);
  const found = await bed.call(`${at(digest)}?project=weather&after=${after}`);
  expect([found.status, found.body]).toEqual([200, bytes]);
  expect(Object.fromEntries(found.headers)).toMatchObject({
    "content-type": "text/csv",
    "content-disposition": `attachment; filename="t_glich.csv"; filename*=UTF-8''t%C3%A4glich.csv`,
    "x-content-type-options": "nosniff",
    etag: `"${digest}"`,
  });
  expect(await bed.call(`${at(digest)}?project=oslo`)).toMatchObject({ status: 404 });
  expect(await bed.call(at(digest))).toMatchObject({ status: 404 });
});

test("a part is served alone, the head without its bytes, and what lies behind the end is refused", async () => {
  const bytes = "0123456789";
  const digest = digestOf(bytes);
  await put(digest, bytes);
  const after = await refer(digest, 10);
  const get = (range: string, method = "GET") =>
    bed.call(`${at(digest)}?project=weather&after=${after}`, { method, headers: { range } });
  const part = await get("bytes=2-4");
  expect([part.status, part.body, part.headers.get("content-range")]).toEqual([206, "234", "bytes 2-4/10"]);
  expect((await get("bytes=-3")).body).toBe("789");
  expect(await get("bytes=10-")).toMatchObject({ status: 416, body: { here: "Range" } });
  const head = await get("", "HEAD");
  expect([head.status, head.body, head.headers.get("content-length")]).toEqual([200, "", "10"]);
});

test("an upload that broke off goes on at the byte where it stands", async () => {
  const bytes = "the first half, the second half";
  const digest = digestOf(bytes);
  expect((await piece(digest, bytes.slice(0, 16), "0-15/31")).status).toBe(202);
  await breakOff(`${bed.url}${at(digest)}`, bytes.slice(16, 20), { "content-range": "bytes 16-30/31" });
  const asked = await until("the broken part is stored", async () => {
    const answer = await piece(digest, "", "*/31");
    return (answer.body as { what: string }).what.includes("stands at byte 20") && answer;
  });
  expect(asked).toMatchObject({ status: 409, body: { code: "E_STATE" } });
  await bed.restart();
  expect(await piece(digest, bytes.slice(16), "16-30/31")).toMatchObject({ status: 409 });
  expect(await piece(digest, bytes.slice(20), "20-30/31")).toMatchObject({
    status: 201,
    body: { digest, size: 31 },
  });
  expect((await put(digest, bytes)).status).toBe(200);
});

/** Sends the beginning of a body, then the connection is gone. */
const breakOff = (url: string, beginning: string, headers: Record<string, string>): Promise<void> =>
  new Promise((resolve) => {
    const broken = request(url, { method: "PUT", headers: { ...headers, "content-length": "11" } });
    broken.on("error", () => resolve());
    broken.write(beginning, () => setTimeout(() => broken.destroy(new Error("cable pulled")), 50));
  });

test("other bytes than the digest's are refused and leave nothing, in one piece or in several", async () => {
  const digest = digestOf("right");
  expect(await put(digest, "wrong")).toMatchObject({ status: 422, body: { code: "E_DIGEST" } });
  expect(await piece(digest, "wrong", "0-4/5")).toMatchObject({ status: 422, body: { code: "E_DIGEST" } });
  expect((await put(digest, "right")).status).toBe(201);
  expect(await put("sha256:../../etc/passwd", "x")).toMatchObject({ status: 404 });
  expect(await put("sha256:short", "x")).toMatchObject({ status: 422, body: { here: "/digest" } });
});

test("a model of 40 MB goes in and out without being held in memory", async () => {
  const bytes = Buffer.alloc(40 * 1024 * 1024, "model");
  const digest = digestOf(bytes);
  expect((await put(digest, bytes)).status).toBe(201);
  const after = await refer(digest, bytes.byteLength);
  const response = await fetch(`${bed.url}${at(digest)}?project=weather&after=${after}`);
  expect(digestOf(new Uint8Array(await response.arrayBuffer()))).toBe(digest);
});
