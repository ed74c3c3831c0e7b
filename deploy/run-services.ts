import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, createWriteStream, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Environment } from "@jackfield/service/configuration";
import type { Service } from "@jackfield/service/define";
import { createHealth } from "@jackfield/service/health";
import { startService } from "@jackfield/service/start";

export interface RunningServices {
  /** `health` is the address of a service in a process of its own. */
  list: () => { name: string; pid: number; health?: string }[];
  /** Waits until all are ready; at the deadline answers with those that are not, and why. */
  notReady: (withinMs: number) => Promise<string[]>;
  stop: () => Promise<void>;
}

export interface ServicesOptions {
  services: Service[];
  environmentOf: (service: Service) => Environment;
  logs: string;
  log: (line: string) => void;
  /** Called when a service has another process than before, and its address is known. */
  changed: () => void;
}

const logFile = (logs: string, name: string): string => join(logs, `${name}.log`);

/** All services in this process, each with its own connections and its own log. */
export async function runTogether({
  services,
  environmentOf,
  logs,
}: ServicesOptions): Promise<RunningServices> {
  const health = createHealth();
  const sinks = services.map(({ name }) => createWriteStream(logFile(logs, name), { flags: "a" }));
  const closeSinks = (): Promise<unknown> =>
    Promise.all(sinks.map((sink) => new Promise<void>((resolve) => sink.end(resolve))));
  const starts = await Promise.allSettled(
    services.map((service, index) => {
      const sink = sinks[index];
      return startService(service, environmentOf(service), {
        health,
        ...(sink !== undefined && { log: { write: (line) => void sink.write(line) } }),
      });
    }),
  );
  const running = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const stop = async (): Promise<void> => {
    const stopped = Promise.all(running.map((service) => service.stop()));
    await Promise.race([stopped, delay(10_000, undefined, { ref: false })]);
    await closeSinks();
  };
  const failed = starts.find((start) => start.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const missing = async (): Promise<string[]> => {
    const { services: states } = health.report();
    return Object.entries(states).flatMap(([name, state]) => (state.ready ? [] : [`${name}: ${state.why}`]));
  };
  return {
    list: () => running.map(({ name }) => ({ name, pid: process.pid })),
    notReady: (withinMs) => waitForAll(missing, withinMs),
    stop,
  };
}

async function waitForAll(missing: () => Promise<string[]>, withinMs: number): Promise<string[]> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const left = await missing();
    if (left.length === 0 || performance.now() > deadline) return left;
    await delay(10);
  }
}

/** Each service in a process of its own; one that dies is started again. They end when this process does. */
export async function runApart(options: ServicesOptions): Promise<RunningServices> {
  const kept = options.services.map((service) => keepProcess(service, options));
  const missing = async (): Promise<string[]> =>
    (await Promise.all(kept.map((it) => it.isReady()))).flatMap((ready, index) =>
      ready ? [] : [`${kept[index]?.name ?? ""}: not ready`],
    );
  return {
    list: () => kept.map((it) => it.describe()),
    notReady: (withinMs) => waitForAll(missing, withinMs),
    stop: async () => {
      await Promise.all(kept.map((it) => it.stop()));
    },
  };
}

/** The program lies beside this file, as source and in the build alike. */
const program = new URL("../deploy/run-service.mjs", import.meta.url);

function startProcess(service: Service, { environmentOf, logs }: ServicesOptions): ChildProcess {
  const logFd = openSync(logFile(logs, service.name), "a");
  const child = spawn(process.execPath, [fileURLToPath(program), service.name], {
    // A session of its own: Ctrl-C reaches us only, and we stop all in order.
    detached: true,
    stdio: ["ignore", logFd, logFd, "ipc"],
    env: { ...environmentOf(service) },
  });
  closeSync(logFd);
  return child;
}

function keepProcess(service: Service, options: ServicesOptions) {
  let child = startProcess(service, options);
  let health: string | undefined;
  let stopping = false;
  const keep = async (): Promise<void> => {
    for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
      health = undefined;
      child.once("message", (message: { health: string }) => {
        health = message.health;
        options.changed();
      });
      const began = performance.now();
      await once(child, "exit");
      if (stopping) return;
      options.log(`${service.name} ended by itself; starting it again`);
      if (performance.now() - began > 30_000) pauseMs = 100;
      await delay(pauseMs);
      child = startProcess(service, options);
    }
  };
  const keeping = keep();
  return {
    name: service.name,
    describe: () => ({ name: service.name, pid: child.pid ?? 0, ...(health !== undefined && { health }) }),
    isReady: async () =>
      health !== undefined &&
      (await fetch(`${health}/readyz`).then(
        (response) => response.ok,
        () => false,
      )),
    stop: async () => {
      stopping = true;
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await keeping;
      clearTimeout(late);
    },
  };
}
