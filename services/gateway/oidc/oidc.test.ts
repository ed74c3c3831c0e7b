import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, exportSPKI } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../../test/bed/servers.ts";
import { openBed, type Bed } from "../fixture/bed.ts";
import { readIssuers } from "./settings.ts";

const nats = natsForThisFile();
const audience = "https://jackfield.example";
const keys = await generateKeyPair("RS256", { extractable: true });
const others = await generateKeyPair("RS256");
let server: Server;
let issuer: string;
let keysAsked = 0;
let folder: string;
let bed: Bed;

/** A real issuer: discovery and keys over HTTP. */
async function startIssuer(): Promise<void> {
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "one", alg: "RS256", use: "sig" };
  server = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    if (request.url === "/keys") keysAsked += 1;
    response.end(
      JSON.stringify(request.url === "/keys" ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  issuer = `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}`;
}

beforeAll(async () => {
  await startIssuer();
  folder = await mkdtemp(join(tmpdir(), "jackfield-oidc-"));
  const rule = {
    as: "github-weather",
    claims: { repository_id: "4711", ref: ["refs/heads/main", "refs/heads/dev"] },
  };
  const file = {
    issuers: [{ issuer, audience, rules: [{ ...rule, project: "weather", scopes: ["emit"] }] }],
  };
  await writeFile(join(folder, "oidc.json"), JSON.stringify(file));
  const environment = {
    JACKFIELD_TOKEN: "the-administrator-of-the-story",
    JACKFIELD_OIDC: join(folder, "oidc.json"),
  };
  bed = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix(), environment });
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
  server.close();
  await rm(folder, { recursive: true });
});

let count = 0;
const now = (): number => Math.floor(Date.now() / 1_000);
const good = (): Record<string, unknown> => ({
  iss: issuer,
  aud: audience,
  iat: now(),
  exp: now() + 300,
  jti: `jti-${(count += 1)}`,
  repository_id: "4711",
  ref: "refs/heads/main",
  event_name: "push",
});

const signed = (claims: object, header: object = {}, key = keys.privateKey): Promise<string> =>
  new SignJWT({ ...good(), ...claims }).setProtectedHeader({ alg: "RS256", kid: "one", ...header }).sign(key);

const exchange = (token: string) => bed.call("/v1/oidc/exchange", { json: { token } });

test("a CI job's identity becomes a token for its project and scopes, which can be renewed", async () => {
  const { status, body } = await exchange(await signed({}));
  expect({ status, body }).toMatchObject({ status: 201, body: { project: "weather", scopes: ["emit"] } });
  const { token, expires } = body as { token: string; expires: string };
  expect(Date.parse(expires) - Date.now()).toBeLessThanOrEqual(600_000);
  const headers = { authorization: `Bearer ${token}` };
  expect((await bed.call("/v1/me", { headers })).body).toMatchObject({ name: "github-weather" });
  expect((await bed.call("/v1/runs", { headers })).status).toBe(403);
  const json = { type: "com.example.pushed", project: "weather" };
  expect((await bed.call("/v1/events", { headers, json })).status).toBe(202);
  const renewed = await bed.call("/v1/oidc/renew", { headers, json: {} });
  expect((renewed.body as { expires: string }).expires >= expires).toBe(true);
});

test("an identity token is good once", async () => {
  const token = await signed({});
  expect((await exchange(token)).status).toBe(201);
  expect(await exchange(token)).toMatchObject({ status: 401, body: { code: "E_OIDC_CLAIM", here: "jti" } });
});

test.each<[string, string, () => Promise<string>]>([
  ["another audience", "aud", () => signed({ aud: "https://github.com/octo" })],
  ["another issuer", "iss", () => signed({ iss: "https://evil.example" })],
  ["an old one", "exp", () => signed({ exp: now() - 60 })],
  ["one for later", "nbf", () => signed({ nbf: now() + 600 })],
  ["one made long ago", "iat", () => signed({ iat: now() - 7_200 })],
  ["one without an id", "jti", () => signed({ jti: undefined })],
  ["another repository", "repository_id", () => signed({ repository_id: "4712" })],
  ["another branch", "ref", () => signed({ ref: "refs/heads/evil" })],
  ["a pull request", "event_name", () => signed({ event_name: "pull_request" })],
  ["a pull request from a fork", "event_name", () => signed({ event_name: "pull_request_target" })],
  ["another key", "signature", () => signed({}, {}, others.privateKey)],
  ["a key that nobody has", "kid", () => signed({}, { kid: "two" })],
  ["no signature", "alg", async () => new UnsecuredJWT(good()).encode()],
  ["the public key as a secret", "alg", signedWithPublicKey],
  ["no token at all", "token", async () => "x.y.z"],
])("%s is refused for its %s", async (_what, claim, token) => {
  expect(await exchange(await token())).toMatchObject({
    status: 401,
    body: { code: "E_OIDC_CLAIM", here: claim },
  });
});

async function signedWithPublicKey(): Promise<string> {
  const secret = new TextEncoder().encode(await exportSPKI(keys.publicKey));
  return new SignJWT(good()).setProtectedHeader({ alg: "HS256", kid: "one" }).sign(secret);
}

test("tokens with unknown keys make the issuer no load", async () => {
  const before = keysAsked;
  for (let n = 0; n < 15; n += 1) await exchange(await signed({}, { kid: `unknown-${n}` }));
  expect(keysAsked - before).toBeLessThanOrEqual(1);
});

test("a rule that matches by names only is refused at the start", async () => {
  const rules = [{ as: "x", claims: { repository: "octo/repo" }, project: "weather", scopes: ["emit"] }];
  const file = join(folder, "names.json");
  await writeFile(file, JSON.stringify({ issuers: [{ issuer: "https://a.example", audience, rules }] }));
  await expect(readIssuers(file)).rejects.toMatchObject({
    code: "E_CONFIG",
    why: expect.stringContaining("repository_id") as string,
  });
});
