import { spawn } from "node:child_process";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Problem } from "@jackfield/problem/problem";
import { exit } from "../exit.ts";
import { loadDemo, loadLauncher } from "../launcher.ts";
import { findProject } from "../project-folder.ts";
import type { Call, Verb } from "../verb.ts";

const startsWithinMs = 120_000;

export const verb: Verb = {
  name: "up",
  group: "start",
  does: "servers and services, on this machine",
  flags: {
    demo: { says: "the weather example from file to verdict, on free ports, then stop" },
    isolate: { says: "each service in a process of its own" },
    ephemeral: { says: "free ports and a folder that is removed at the end" },
    detach: { says: "come back when it is up" },
    stop: { says: "stop what runs in this folder" },
    service: { says: "only this one; may be said several times", value: "NAME", many: true },
  },
  run: async (call) => {
    const { flags } = call;
    if (flags.on("demo")) return demo(call);
    if (flags.on("stop")) return stop(call);
    if (flags.on("detach") && flags.on("ephemeral"))
      throw new Problem("E_USAGE", "--ephemeral does not go with --detach", {
        why: "what is removed at the end needs somebody who stays until the end",
        next: "jackfield up --ephemeral &",
      });
    return flags.on("detach") ? detach(call) : stay(call);
  },
};

/** `.jackfield` lies beside the project file. */
const homeOf = ({ folder }: Call): string => findProject(folder)?.folder ?? folder;

/** The demo types commands as anybody would, so it is given the command itself. */
async function demo(call: Call): Promise<number> {
  const [{ demo: tell }, { command }] = await Promise.all([loadDemo(), import("../command.ts")]);
  return tell({
    folder: homeOf(call),
    write: (text) => call.out.raw(text),
    environment: call.environment,
    command,
    isolate: call.flags.on("isolate"),
    signal: call.signal,
  });
}

async function stay(call: Call): Promise<number> {
  const { flags, out, environment, signal } = call;
  const { up } = await loadLauncher();
  const services = flags.texts("service");
  const running = await up({
    folder: homeOf(call),
    ephemeral: flags.on("ephemeral"),
    isolate: flags.on("isolate"),
    environment: { ...environment },
    log: (line) => out.say(line),
    ...(services.length > 0 && { services }),
  });
  try {
    const { run, url, tookMs } = running;
    out.show(run, () =>
      [
        `✓ up in ${(tookMs / 1000).toFixed(1)} s`,
        `  stream ${run.nats?.url ?? run.settings?.["JACKFIELD_NATS_URL"] ?? "of somebody else"} · API ${url}`,
        `  data in ${flags.on("ephemeral") ? "a folder that is removed at the end" : join(homeOf(call), ".jackfield")} · Ctrl-C stops`,
      ].join("\n"),
    );
    for (const service of running.notReady) out.say(`  not ready yet: ${service}`);
    if (running.notReady.length > 0) out.next("jackfield doctor");
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    out.say("stopping …");
  } finally {
    await running.stop();
  }
  out.say(flags.on("ephemeral") ? "stopped; nothing is left" : "stopped; data stays in .jackfield");
  return exit.pass;
}

async function detach(call: Call): Promise<number> {
  const folder = homeOf(call);
  const { readRun } = await loadLauncher();
  const before = await readRun(folder);
  if (before !== undefined) {
    throw new Problem("E_RUNNING", `Jackfield is already ${before.state} in ${folder}`, {
      next: "use it, or stop it first: jackfield up --stop",
    });
  }
  const log = join(folder, ".jackfield", "logs", "up.log");
  await mkdir(dirname(log), { recursive: true });
  await using file = await open(log, "a");
  const args = process.argv.slice(1).filter((word) => word !== "--detach");
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    cwd: call.folder,
    detached: true,
    stdio: ["ignore", file.fd, file.fd],
  });
  let ended: number | null | undefined;
  child.once("exit", (code) => (ended = code));
  const deadline = performance.now() + startsWithinMs;
  while (ended === undefined && performance.now() < deadline && !call.signal.aborted) {
    const run = await readRun(folder);
    if (run?.state === "up") {
      child.unref();
      call.out.show(run, () => `✓ up   API ${run.url ?? ""}   log ${log}`);
      call.out.next("jackfield up --stop");
      return exit.pass;
    }
    await delay(50);
  }
  if (ended === undefined) child.kill("SIGTERM");
  throw new Problem("E_WAITED", "Jackfield did not come up", { here: log, next: "jackfield doctor" });
}

async function stop(call: Call): Promise<number> {
  const folder = homeOf(call);
  const { stopRun } = await loadLauncher();
  const run = await stopRun(folder);
  call.out.show({ stopped: run !== undefined, ...(run !== undefined && { pid: run.pid }) }, () =>
    run === undefined ? `nothing runs in ${folder}` : "stopped; data stays in .jackfield",
  );
  return exit.pass;
}
