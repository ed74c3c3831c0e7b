import { spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connect, credsAuthenticator } from "@nats-io/transport-node";
import { until } from "../test/bed/until.ts";
import { isAlive, portAnswers } from "./embedded/guarded-process.mjs";
import { freePorts, readRun, up, type Up } from "./launcher.ts";
import type { RunFile } from "./run-file.ts";

const services = ["projects"];

async function folderOfItsOwn(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-up-"));
  await chmod(folder, 0o755);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function upIn(folder: string, options: { ephemeral?: boolean } = {}): Promise<Up> {
  const it = await up({ folder, ports: freePorts, services, environment: {}, ...options });
  onTestFinished(() => it.stop());
  return it;
}

const servers = (run: RunFile): { nats: number; postgres: number } => ({
  nats: run.nats?.pid ?? 0,
  postgres: run.postgres?.pid ?? 0,
});

test("a folder has one Jackfield; what it stored is there again after a stop", async () => {
  const folder = await folderOfItsOwn();
  const first = await upIn(folder);
  expect(first.notReady).toEqual([]);
  await expect(upIn(folder)).rejects.toMatchObject({ code: "E_RUNNING" });
  const { nats, postgres } = servers(first.run);
  await first.stop();
  expect([isAlive(nats), isAlive(postgres), existsSync(join(folder, ".jackfield/run.json"))]).toEqual([
    false,
    false,
    false,
  ]);
  const second = await upIn(folder);
  const password = (run: RunFile): string => new URL(run.postgres?.url ?? "").password;
  expect(password(second.run)).toBe(password(first.run));
});

test("nats-server and PostgreSQL come back by themselves, on their ports, after kill -9", async () => {
  const { run, stop } = await upIn(await folderOfItsOwn());
  const authenticator = credsAuthenticator(await readFile(run.nats?.creds ?? ""));
  const connection = await connect({ servers: run.nats?.url ?? "", maxReconnectAttempts: -1, authenticator });
  process.kill(servers(run).nats, "SIGKILL");
  process.kill(servers(run).postgres, "SIGKILL");
  await until("both to be dead", () => !isAlive(servers(run).nats) && !isAlive(servers(run).postgres));
  await until("NATS again", () => portAnswers(run.nats?.port ?? 0));
  await until("PostgreSQL again", () => portAnswers(run.postgres?.port ?? 0));
  await until("the connection again", () => connection.flush().then(() => true));
  await connection.close();
  await stop();
  expect(await portAnswers(run.nats?.port ?? 0)).toBe(false);
  expect(await portAnswers(run.postgres?.port ?? 0)).toBe(false);
});

test("when one part cannot start, nothing is left running and the folder is free", async () => {
  const folder = await folderOfItsOwn();
  const failing = up({ folder, ports: freePorts, services: ["nosuch"], environment: {} });
  await expect(failing).rejects.toMatchObject({ code: "E_NOT_FOUND" });
  expect(await readRun(folder)).toBeUndefined();
  await upIn(folder);
});

/** Starts the built launcher with a process for each service, as `jackfield up --isolate` does. */
function startBuilt(folder: string): { pid: number; kill(): void } {
  const launcher = resolve(import.meta.dirname, "../dist/deploy/launcher.mjs");
  const script = `
    const { up, freePorts } = await import(${JSON.stringify(launcher)});
    await up({ folder: ${JSON.stringify(folder)}, ports: freePorts, services: ["projects"], isolate: true });
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "inherit" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { pid: child.pid ?? 0, kill: () => void child.kill("SIGKILL") };
}

test("a service of its own process is started again after kill -9, and all end with a killed launcher", async () => {
  const folder = await folderOfItsOwn();
  const launcher = startBuilt(folder);
  const isUp = (run: RunFile | undefined): RunFile | false => (run?.state === "up" ? run : false);
  const run = await until("run.json", async () => isUp(await readRun(folder)), { withinMs: 25_000 });
  const [projects] = run.services ?? [];
  process.kill(projects?.pid ?? 0, "SIGKILL");
  const again = await until("the service again", async () => {
    const service = (await readRun(folder))?.services?.[0];
    return service?.health !== undefined && service.pid !== projects?.pid ? service.pid : undefined;
  });
  launcher.kill();
  const all = [again, servers(run).nats, servers(run).postgres];
  await until("the end of all", () => all.every((pid) => !isAlive(pid)), { withinMs: 15_000 });
});
