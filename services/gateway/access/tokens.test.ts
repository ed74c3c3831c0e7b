import { withClient } from "@jackfield/postgres/client";
import { dumpSchema } from "@jackfield/postgres/schema-dump";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../../test/bed/servers.ts";
import { until } from "../../../test/bed/until.ts";
import { openBed, type Bed } from "../fixture/bed.ts";

const nats = natsForThisFile();
const adminToken = "the-administrator-of-the-story";
let bed: Bed;
beforeAll(async () => {
  const environment = { JACKFIELD_TOKEN: adminToken };
  bed = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix(), environment });
});
afterAll(() => bed[Symbol.asyncDispose]());

const by = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const admin = by(adminToken);

interface Made {
  id: string;
  token: string;
}

async function make(json: object): Promise<Made> {
  const made = await bed.call("/v1/tokens", { ...admin, json: { name: "ci", scopes: ["read"], ...json } });
  expect(made.status).toBe(201);
  return made.body as Made;
}

const asks = async (token: string, path = "/v1/me"): Promise<number> =>
  (await bed.call(path, by(token))).status;

test("a token is told once, is good for its scopes, and only its digest is kept", async () => {
  const { id, token } = await make({ scopes: ["read"], projects: ["weather"] });
  expect(token).toMatch(/^jf_[A-Za-z0-9_-]{43}$/);
  expect(await bed.call("/v1/me", by(token))).toMatchObject({
    status: 200,
    body: { name: "ci", scopes: ["read"], projects: ["weather"] },
  });
  expect(await bed.call("/v1/runs/x/abort", { ...by(token), method: "POST" })).toMatchObject({
    status: 403,
    body: { code: "E_TOKEN_SCOPE", next: expect.stringContaining("--scope operate") as string },
  });
  const listed = await bed.call("/v1/tokens", admin);
  expect(listed.body).toMatchObject({ tokens: [{ id, name: "ci", by: "admin" }] });
  expect(JSON.stringify(listed.body)).not.toContain(token);
});

test("one that was taken back, has ended, or is none of ours lets nobody in", async () => {
  const { token } = await make({ name: "gone" });
  expect(await asks(token)).toBe(200);
  expect((await bed.call("/v1/tokens/gone/revoke", { ...admin, json: {} })).status).toBe(200);
  expect(await asks(token)).toBe(401);
  const { token: short } = await make({ expires: new Date(Date.now() + 300).toISOString() });
  expect(await asks(short)).toBe(200);
  await until("it has ended", async () => (await asks(short)) === 401);
  expect(await asks(`jf_${"A".repeat(43)}`)).toBe(401);
  expect(await asks("")).toBe(401);
});

test("what another gateway takes back is out of force here within five seconds", async () => {
  const { id, token } = await make({ name: "elsewhere" });
  expect(await asks(token)).toBe(200);
  const elsewhere = { url: bed.databaseUrl, schema: "gateway", applicationName: "another gateway" };
  await withClient(elsewhere, (client) =>
    client.query("update tokens set revoked_at = now() where id = $1", [id]),
  );
  await until("it is out of force", async () => (await asks(token)) === 401, { withinMs: 5_000 });
});

test("the schema is what the migrations make", async () => {
  await expect(await dumpSchema(bed.databaseUrl, "gateway")).toMatchFileSnapshot("../migrations/schema.sql");
});
