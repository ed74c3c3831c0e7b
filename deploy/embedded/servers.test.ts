import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { natsBinary } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { freePort, isAlive, portAnswers } from "./guarded-process.mjs";
import { cachedBinary } from "./nats-install.mjs";
import { findNatsServer, isOlder, startNats } from "./nats-server.mjs";
import { startPostgres } from "./postgres.mjs";

afterEach(() => vi.unstubAllEnvs());

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-servers-"));
  await chmod(folder, 0o755);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What SIGKILL of a whole supervisor leaves: the server alone, without the shell and the watcher of its guard. */
async function killGuard(server: number): Promise<void> {
  const fields = (await readFile(`/proc/${server}/stat`, "utf8")).split(") ").at(-1)?.split(" ") ?? [];
  const shell = Number(fields[1]);
  const children = await readFile(`/proc/${shell}/task/${shell}/children`, "utf8");
  for (const pid of [...children.trim().split(" ").map(Number), shell])
    if (pid !== server) process.kill(pid, "SIGKILL");
}

test("PostgreSQL that outlived its supervisor is adopted, not started or made again", async (context) => {
  context.skip(process.platform !== "linux", "needs /proc to find the guard");
  const folder = await emptyFolder();
  const first = await startPostgres({ folder, durable: false });
  await killGuard(first.pid);
  await first.exited;
  expect(isAlive(first.pid)).toBe(true);
  const second = await startPostgres({ folder, durable: false });
  expect(second).toMatchObject({ adopted: true, pid: first.pid, url: first.url });
  await second.stop();
  expect(await portAnswers(second.port)).toBe(false);
});

test("nats-server that outlived its supervisor is adopted", async (context) => {
  context.skip(process.platform !== "linux", "needs /proc to find the guard");
  const folder = await emptyFolder();
  const binary = await natsBinary();
  const first = await startNats({ binary, folder });
  await killGuard(first.pid);
  await first.exited;
  const second = await startNats({ binary, folder });
  expect(second).toMatchObject({ adopted: true, pid: first.pid, url: first.url });
  await second.stop();
  expect(isAlive(first.pid)).toBe(false);
});

test("PostgreSQL comes back on its own data after kill -9, stale lock and all", async () => {
  const folder = await emptyFolder();
  const first = await startPostgres({ folder, durable: true });
  process.kill(first.pid, "SIGKILL");
  await first.exited;
  const born = (await stat(join(first.folder, "data", "PG_VERSION"))).birthtimeMs;
  const second = await startPostgres({ folder, durable: true });
  expect(second.url.split("@")[0]).toBe(first.url.split("@")[0]);
  expect((await stat(join(second.folder, "data", "PG_VERSION"))).birthtimeMs).toBe(born);
  await second.stop();
});

test("a folder that is not empty is never made into a database", async () => {
  const folder = await emptyFolder();
  await writeFile(join(folder, "thesis.tex"), "mine");
  await expect(startPostgres({ folder, durable: false })).rejects.toMatchObject({
    code: "E_POSTGRES",
    here: folder,
  });
  expect(await readdir(folder)).toEqual(["thesis.tex"]);
});

test("data that were here once and are gone are missed, not replaced by empty ones", async () => {
  const folder = await emptyFolder();
  await (await startPostgres({ folder, durable: false })).stop();
  await rename(join(folder, "data"), `${folder}-moved`);
  onTestFinished(() => rm(`${folder}-moved`, { recursive: true }));
  await expect(startPostgres({ folder, durable: false })).rejects.toThrow("left alone");
});

test("a port of somebody else is named, and the way out", async () => {
  const other = createServer();
  const port = await freePort();
  await new Promise<void>((done) => other.listen(port, "127.0.0.1", done));
  onTestFinished(() => void other.close());
  const binary = await natsBinary();
  const taken = { code: "E_PORT_TAKEN", next: expect.stringContaining("--ephemeral") as unknown };
  await expect(startNats({ binary, folder: await emptyFolder(), port })).rejects.toMatchObject(taken);
  const asked = startPostgres({ folder: await emptyFolder(), port, durable: false });
  await expect(asked).rejects.toMatchObject(taken);
});

test("when the program that started it is killed, a server ends by itself", async () => {
  const folder = await emptyFolder();
  const script = `
    const { startNats } = await import(${JSON.stringify(resolve(import.meta.dirname, "nats-server.mjs"))});
    const { pid } = await startNats({ binary: ${JSON.stringify(await natsBinary())}, folder: ${JSON.stringify(folder)} });
    process.stdout.write(String(pid));
    setInterval(() => {}, 1000);
  `;
  const program = spawn(process.execPath, ["--input-type=module", "--eval", script]);
  const pid = await new Promise<number>((done) => program.stdout.once("data", (text) => done(Number(text))));
  expect(isAlive(pid)).toBe(true);
  program.kill("SIGKILL");
  await until("the end of the server", () => !isAlive(pid));
});

test("a nats-server in the cache is used only while its bytes are those that were checked", async () => {
  const folder = await emptyFolder();
  vi.stubEnv("XDG_CACHE_HOME", folder);
  const file = join(folder, "jackfield", `nats-server-2.15.1-${process.platform}-${process.arch}`);
  await mkdir(join(folder, "jackfield"));
  await writeFile(file, "the binary");
  await writeFile(`${file}.sha256`, createHash("sha256").update("the binary").digest("hex"));
  expect(await cachedBinary()).toBe(file);
  await writeFile(file, "tHe binary");
  expect(await cachedBinary()).toBeUndefined();
});

test("a wrong NATS_SERVER is said, and an old server is known as old", async () => {
  vi.stubEnv("NATS_SERVER", "/nowhere/nats-server");
  await expect(findNatsServer()).rejects.toMatchObject({ code: "E_NATS_MISSING" });
  expect([isOlder("2.9.10", "2.12.7"), isOlder("2.12.7", "2.12.7"), isOlder("2.14.0", "2.12.7")]).toEqual([
    true,
    false,
    false,
  ]);
});
