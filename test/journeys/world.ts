import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll } from "vitest";
import { command } from "jackfield/command";
import type { Events } from "@jackfield/events/connection";
import type { LogEntry } from "@jackfield/events/log-entry";
import { readLog } from "@jackfield/events/log-reader";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { shortType } from "@jackfield/spec/event/type";
import { openAsAdmin } from "../../deploy/as-admin.ts";
import { handlerSettings } from "../../deploy/nats-authority.ts";
import { runFile, type RunFile } from "../../deploy/run-file.ts";
import { until } from "../bed/until.ts";

export const house = resolve(import.meta.dirname, "../..");
export const weather = join(house, "examples/weather");
/** The production build, as people start it. */
export const jackfield = join(house, "libs/client/bin/jackfield.mjs");

const undo: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const step of undo.reverse()) await step();
});

/** Done when the stories of this file are over, the last first. */
export const atTheEnd = (step: () => Promise<unknown>): void => void undo.push(step);

/** A folder of the story's own, gone at the end; PostgreSQL's own user can reach it. */
export async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-journey-"));
  await chmod(folder, 0o755);
  atTheEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A project `weather` on Seattle's data, with programs and a `train:` line of its own. */
export async function projectWith(train: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await emptyFolder();
  await cp(join(weather, "data"), join(folder, "data"), { recursive: true });
  for (const [name, content] of Object.entries({ "jackfield.yaml": projectFile(train), ...files })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

export const projectFile = (train: string): string => `project: weather
fetch: data/seattle-weather.csv
split: { by: date, test: 2015-01-01.. }
target: weather
train: ${train}
subprojects: { seattle: }
`;

/** What a command said, and its exit code. */
export interface Typed {
  exit: number;
  out: string;
  err: string;
}

export interface WorldOptions {
  /** Where commands are typed: a project's folder. */
  folder: string;
  isolate?: boolean;
  environment?: Readonly<Record<string, string>>;
  /** The command that is started; the production build's unless given. */
  program?: string;
}

/** A whole Jackfield in a process of its own (`jackfield up`), the command, and the stream as it passes. */
export class World implements AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  /** Everything that the stream holds, in its order, read from NATS. */
  readonly seen: LogEntry[] = [];
  readonly #started: RunFile;
  readonly #child: ChildProcess;
  readonly #events: Events;
  readonly #reading: Promise<void>;
  /** What the reading of the stream met. */
  readonly #troubles: string[] = [];
  readonly #closing = new AbortController();

  private constructor(folder: string, { run, child }: StartedUp, events: Events) {
    this.folder = folder;
    this.url = run.url ?? "";
    this.#started = run;
    this.#child = child;
    this.#events = events;
    this.#reading = readLog(events, {
      from: undefined,
      signal: this.#closing.signal,
      onBatch: async (batch) => void this.seen.push(...batch),
      onProblem: (problem) => void this.#troubles.push(`${problem.message} ${problem.why ?? ""}`),
    });
    this.#reading.catch((error: unknown) => this.#troubles.push(String(error)));
  }

  static async begin(options: WorldOptions): Promise<World> {
    const started = await startUp(options);
    const world = new World(options.folder, started, await openAsAdmin(started.run, "journey"));
    atTheEnd(() => world[Symbol.asyncDispose]());
    return world;
  }

  get events(): CloudEvent[] {
    return this.seen.flatMap(({ event }) => event ?? []);
  }

  /** What runs now: something that was started again has another process. */
  async run(): Promise<RunFile> {
    return runFile.parse(JSON.parse(await readFile(join(this.#started.logs ?? "", "../run.json"), "utf8")));
  }

  /** What a handler that speaks NATS is told: where everything is, and who it is. */
  async settingsOf(
    project: string,
    handler: string,
    capabilities: string[],
  ): Promise<Record<string, string>> {
    const run = await this.run();
    const credential = await handlerSettings(run, { kind: "handler", project, handler, capabilities });
    return { ...run.settings, ...credential, JACKFIELD_PROJECT: project };
  }

  /** `jackfield …`, as typed in the project's folder. */
  async type(...words: string[]): Promise<Typed> {
    const said = { out: "", err: "" };
    const exit = await command(words, {
      stdout: { write: (text) => (said.out += text.toString()) },
      stderr: { write: (text) => (said.err += text.toString()) },
      env: { PATH: process.env["PATH"], USER: "ana", JACKFIELD_URL: this.url },
      cwd: () => this.folder,
      on: () => undefined,
    });
    return { exit, ...said };
  }

  /** A command that must succeed; answers with what it printed. */
  async did(...words: string[]): Promise<string> {
    const { exit, out, err } = await this.type(...words);
    if (exit !== 0) throw new Error(`jackfield ${words.join(" ")} ended with ${exit}: ${err}${out}`);
    return out.trim();
  }

  /** The first event of a type (`train.started`) that is as wanted, now or when it comes. */
  async happened(
    type: string,
    wanted: (event: CloudEvent) => boolean = () => true,
    withinMs = 20_000,
  ): Promise<CloudEvent> {
    const find = (): CloudEvent | undefined =>
      this.events.find((event) => shortType(event.type) === type && wanted(event));
    try {
      return await until(type, find, { withinMs });
    } catch (error) {
      const last = this.events.slice(-8).map((event) => `${shortType(event.type)} ${event.subject ?? ""}`);
      throw new Error([String(error), "the last events:", ...last, ...this.#troubles].join("\n"), {
        cause: error,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#reading.catch(() => undefined);
    await this.#events.close();
    await stopProcess(this.#child);
  }
}

interface StartedUp {
  run: RunFile;
  child: ChildProcess;
}

async function startUp({
  folder,
  isolate,
  environment,
  program = jackfield,
}: WorldOptions): Promise<StartedUp> {
  const flags = ["--ephemeral", "--json", ...(isolate === true ? ["--isolate"] : [])];
  const child = spawn(process.execPath, [program, "up", ...flags], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = collect(child);
  try {
    const line = await until("jackfield up", () => firstLine(output, child), { withinMs: 40_000 });
    return { run: runFile.parse(JSON.parse(line)), child };
  } catch (error) {
    await stopProcess(child);
    throw new Error(`jackfield up: ${output.err}`, { cause: error });
  }
}

function firstLine(output: { out: string; err: string }, child: ChildProcess): string | undefined {
  if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
  const [line, rest] = output.out.split("\n", 2);
  return rest === undefined ? undefined : line;
}

/** What a child says, as it comes. */
export function collect(child: ChildProcess): { out: string; err: string } {
  const said = { out: "", err: "" };
  child.stdout?.on("data", (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (said.err += chunk.toString()));
  return said;
}

/** SIGTERM, and waits for the orderly end; SIGKILL when it does not come. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await exited;
  clearTimeout(late);
}
