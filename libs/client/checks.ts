import { createConnection } from "node:net";
import { readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { findAddress, type Environment } from "./address.ts";
import type { loadLauncher } from "./launcher.ts";
import { version } from "./version.ts";
import { many } from "./words.ts";

export interface Check {
  state: "OK" | "WARN" | "FAIL";
  what: string;
  is: string;
  /** What to do about it. */
  fix?: string;
}

type Run = NonNullable<Awaited<ReturnType<Awaited<ReturnType<typeof loadLauncher>>["readRun"]>>>;

const ok = (what: string, is: string): Check => ({ state: "OK", what, is });
const warn = (what: string, is: string, fix: string): Check => ({ state: "WARN", what, is, fix });
const fail = (what: string, is: string, fix: string): Check => ({ state: "FAIL", what, is, fix });

export interface Place {
  folder: string;
  environment: Environment;
  /** What runs in this folder, as run.json says. */
  run: Run | undefined;
}

/** Everything that can be looked at, in the order in which it goes wrong. */
export async function allChecks(place: Place): Promise<Check[]> {
  const ports = place.run === undefined ? await portChecks() : [];
  const nats = place.run?.nats === undefined ? [] : await natsChecks(place.run.nats);
  const groups = [[nodeCheck(), ok("jackfield", version)], [await diskCheck(place.folder)], ports, nats];
  return [...groups.flat(), ...(await serverChecks(place))];
}

const oldestNode = [20, 19] as const;

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const good = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  return good
    ? ok("node", process.versions.node)
    : fail("node", process.versions.node, `install Node ${oldestNode.join(".")} or later`);
}

const gigabyte = 1024 ** 3;

async function diskCheck(folder: string): Promise<Check> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const is = `${(free / gigabyte).toFixed(1)} GB free`;
  const fix = "make room: data lie in .jackfield, downloads in the caches of npm and pip";
  if (free < 0.5 * gigabyte) return fail("disk", is, fix);
  return free < 3 * gigabyte ? warn("disk", is, fix) : ok("disk", is);
}

const usualPorts = { gateway: 7733, NATS: 4222, PostgreSQL: 7735 };

async function portChecks(): Promise<Check[]> {
  const taken = await Promise.all(
    Object.entries(usualPorts).map(async ([name, port]) =>
      (await answers(port)) ? [`${port} (${name})`] : [],
    ),
  );
  const names = taken.flat();
  if (names.length === 0) return [ok("ports", Object.values(usualPorts).join(", "))];
  return [
    warn(
      "ports",
      `${names.join(", ")} in use`,
      "another jackfield up, or other programs; jackfield up --ephemeral takes free ones",
    ),
  ];
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port, timeout: 500 });
    const end = (there: boolean) => (): void => {
      socket.destroy();
      resolve(there);
    };
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false));
  });

const oldestNats = "2.12.7";

/** NATS says its version to whoever connects; whether it writes through to the disk stands in its configuration. */
async function natsChecks({ port, folder }: NonNullable<Run["nats"]>): Promise<Check[]> {
  const said = await greeting(port);
  if (said === undefined)
    return [fail("nats", `nothing answers on ${port}`, "jackfield up --stop, then jackfield up")];
  const isOld = said.version.localeCompare(oldestNats, undefined, { numeric: true }) < 0;
  const config = await readFile(join(folder, "nats-server.conf"), "utf8").catch(() => "");
  const synced = /sync_interval:\s*always/.test(config);
  return [
    isOld
      ? warn(
          "nats",
          said.version,
          `older than ${oldestNats}: npm run setup gets a newer one, or set NATS_SERVER`,
        )
      : ok("nats", said.version),
    synced
      ? ok("nats sync", "always: what is acknowledged is on the disk")
      : warn("nats sync", "not always", "what was acknowledged survives a killed process, not a power cut"),
    said.jetstream === true
      ? ok("jetstream", "on")
      : fail("jetstream", "off", "start nats-server with JetStream"),
  ];
}

const natsInfo = z.object({ version: z.string(), jetstream: z.boolean().optional() });

/** @see NATS client protocol, INFO. */
const greeting = (port: number): Promise<z.output<typeof natsInfo> | undefined> =>
  new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port, timeout: 2_000 });
    let text = "";
    const end = (): void => {
      socket.destroy();
      const [, json] = /^INFO (\{.*\})/.exec(text) ?? [];
      resolve(json === undefined ? undefined : natsInfo.safeParse(JSON.parse(json)).data);
    };
    socket.on("data", (chunk) => {
      text += chunk.toString();
      if (text.includes("\r\n")) end();
    });
    socket.once("error", end).once("timeout", end).once("end", end);
  });

const readiness = z.object({
  ready: z.boolean(),
  services: z.record(z.string(), z.object({ ready: z.boolean(), why: z.string().optional() })),
});

async function serverChecks({ folder, environment, run }: Place): Promise<Check[]> {
  const { url, from } = findAddress(environment, folder);
  const report = await readyz(url);
  if (report === undefined)
    return [
      fail(
        "server",
        `no answer at ${url} (from ${from})`,
        "jackfield up, or set JACKFIELD_URL to where it is",
      ),
    ];
  const apart = (run?.services ?? []).filter(({ health }) => health !== undefined);
  const others = await Promise.all(
    apart.map(async ({ name, health = "" }) => [name, (await readyz(health))?.services[name]] as const),
  );
  const states = { ...report.services, ...Object.fromEntries(others) };
  const down = Object.entries(states).filter(([, state]) => state?.ready !== true);
  return [
    ok("server", `${url} (from ${from})`),
    ...(down.length === 0 ? [ok("services", `${many(Object.keys(states).length, "service")} ready`)] : []),
    ...down.map(([name, state]) =>
      fail(name, `not ready: ${state?.why ?? "no answer"}`, `see .jackfield/logs/${name}.log`),
    ),
  ];
}

async function readyz(url: string): Promise<z.output<typeof readiness> | undefined> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3_000) });
    return readiness.safeParse(await response.json()).data;
  } catch {
    // Nobody there: that is what the check reports.
    return undefined;
  }
}
