import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { openBed, type Bed } from "../../services/gateway/fixture/bed.ts";
import { command } from "./command.ts";

const nats = natsForThisFile();
const adminToken = "the-administrator-of-the-story";
let bed: Bed;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "jackfield-home-"));
  const environment = { JACKFIELD_TOKEN: adminToken };
  bed = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix(), environment });
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

async function typed(words: string[], env: Record<string, string> = {}, stdin = "") {
  const said = { out: "", err: "" };
  Object.defineProperty(process, "stdin", { value: Readable.from([stdin]), configurable: true });
  const exit = await command(words, {
    stdout: { write: (text) => (said.out += String(text)) },
    stderr: { write: (text) => (said.err += String(text)) },
    env: { HOME: home, ...env },
    cwd: () => home,
    on: () => undefined,
  });
  return { exit, ...said };
}

const contexts = (): string => join(home, ".config", "jackfield", "contexts.json");

test("a token is made, listed without itself, remembered by login, used by all verbs, and taken back", async () => {
  const admin = { JACKFIELD_URL: bed.url, JACKFIELD_TOKEN: adminToken };
  const made = await typed(["admin", "token", "create", "--as", "ci", "--scope", "admin,emit"], admin);
  expect(made).toMatchObject({ exit: 0, out: expect.stringMatching(/^jf_\S{43}\n$/) as string });
  const login = await typed(["login", bed.url, "--token-stdin", "--as", "story"], {}, made.out);
  expect(login).toMatchObject({ exit: 0, out: `story: ${bed.url} as ci, may admin, emit in all projects\n` });
  expect((await stat(contexts())).mode & 0o777).toBe(0o600);
  expect((await typed(["login", "--list"])).out).toMatch(/\* +story +http\S+ +ci\n$/);

  const listed = await typed(["ls", "tokens"]);
  expect(listed.out).toMatch(/ci +admin,emit +all projects .*in force/);
  expect(listed.out).not.toContain(made.out.trim());
  expect((await typed(["admin", "token", "revoke", "ci"])).exit).toBe(0);
  expect(await typed(["ls", "tokens"])).toMatchObject({
    exit: 4,
    err: expect.stringContaining("E_TOKEN_SCOPE") as string,
  });
});

test("without a token, or with a wrong one, login keeps nothing and says what it needs", async () => {
  const refused = await typed(["login", bed.url, "--as", "none"]);
  expect(refused).toMatchObject({ exit: 4, err: expect.stringContaining("--token-stdin") as string });
  expect((await typed(["login", bed.url, "--as", "none", "--token-stdin"], {}, "jf_x")).exit).toBe(4);
  expect((await typed(["login", "--list"])).out).not.toContain("none");
});

test("a server that does not answer is named with its context", async () => {
  const current = { url: "http://127.0.0.1:1", token: "jf_x" };
  await writeFile(contexts(), JSON.stringify({ current: "old", contexts: { old: current } }));
  expect(await typed(["ls", "runs"])).toMatchObject({
    exit: 10,
    err: expect.stringMatching(
      /E_UNREACHABLE.*127\.0\.0\.1:1.*the context old, of jackfield login/s,
    ) as string,
  });
  expect((await typed(["ls", "runs"], { JACKFIELD_CONTEXT: "new" })).err).toContain("there are old");
});

test("tokens that others may read are not used", async () => {
  await chmod(contexts(), 0o644);
  expect((await typed(["ls", "runs"])).err).toMatch(/E_CONFIG.*chmod 600/s);
  await chmod(contexts(), 0o600);
});

test("a run.json that came with a repository sends no token to another machine", async () => {
  await mkdir(join(home, ".jackfield"));
  await writeFile(join(home, ".jackfield", "run.json"), JSON.stringify({ url: "http://evil.example:80" }));
  expect((await typed(["ls", "runs"])).err).toContain("127.0.0.1:1");
});
