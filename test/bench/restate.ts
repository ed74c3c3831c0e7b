import { execFile } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { freePort, startGuarded } from "../../deploy/embedded/guarded-process.mjs";
import type { Bed } from "./bed.ts";
import type { ChainRunner } from "./chain-runner.ts";
import { filler } from "./spine-project.ts";

const server = "@restatedev/restate-server";
const sdk = "@restatedev/restate-sdk";
const packages = { [server]: "1.7.12", [sdk]: "1.17.2" };

/**
 * Restate, a peer, as its packages bring it: one server with its defaults, its SDK in a process of its own. It is no
 * dependency of this house; npm brings it into a cache the first time. Answers with the reason when it cannot be had.
 */
export async function openRestate(bed: Bed): Promise<ChainRunner | string> {
  try {
    const home = await install(bed);
    const service = await bed.start("restate-chain", [pathToFileURL(join(home, sdk, "dist/index.js")).href]);
    const port = Number(await service.hear());
    const { ingress, stop } = await startServer(home, join(bed.folder, `restate-${bed.word()}`), port);
    return {
      run: () => post(`${ingress}/chain/run`, { note: filler }),
      measured: async (work) => {
        await work();
        return {};
      },
      [Symbol.asyncDispose]: async () => {
        await stop();
        await service.stop();
      },
    };
  } catch (error) {
    return `Restate could not be had: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function install(bed: Bed): Promise<string> {
  const folder = join(bed.house, "node_modules/.cache/jackfield-restate");
  const home = join(folder, "node_modules");
  if (existsSync(join(home, sdk))) return home;
  await mkdir(folder, { recursive: true });
  bed.say("  Restate: 230 MB from npm, kept for the next time");
  const wanted = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  const args = ["install", "--no-save", "--ignore-scripts", "--prefix", folder, ...wanted];
  await promisify(execFile)("npm", args, { timeout: 300_000 });
  return home;
}

async function startServer(
  home: string,
  folder: string,
  service: number,
): Promise<{ ingress: string; stop: () => Promise<void> }> {
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()];
  await mkdir(folder);
  const logFd = openSync(join(folder, "restate.log"), "a");
  const settings = {
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
    RESTATE_LOG_FILTER: "warn",
    DO_NOT_TRACK: "1",
  };
  const binary = join(home, `${server}-${process.platform}-${process.arch}`, "bin/restate-server");
  const given = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const args = [...given, binary, "--base-dir", folder];
  const { stop } = startGuarded({ command: "/usr/bin/env", args, cwd: folder, logFd, signal: "TERM" });
  closeSync(logFd);
  await untilTaken(() =>
    post(`http://127.0.0.1:${admin}/deployments`, { uri: `http://127.0.0.1:${service}` }),
  );
  await untilTaken(() => post(`http://127.0.0.1:${ingress}/chain/run`, { note: "" }));
  return { ingress: `http://127.0.0.1:${ingress}`, stop };
}

async function untilTaken(ask: () => Promise<void>): Promise<void> {
  for (const deadline = performance.now() + 60_000; ;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(100);
    }
  }
}

async function post(url: string, body: object): Promise<void> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
}
