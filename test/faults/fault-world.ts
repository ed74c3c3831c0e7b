import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { rebuildReport } from "@jackfield/spec/ask/reader";
import { exit } from "jackfield/exit";
import { getHandlers } from "@jackfield/spec/http/handlers";
import { z } from "zod";
import { bundlePrograms } from "../bed/bundle.ts";
import { until } from "../bed/until.ts";
import { check } from "../checker/check.ts";
import { contentOf, keyOf, type Event } from "../checker/envelope.ts";
import { readHistory, recordInto, type Line, type Record } from "../checker/history.ts";
import { whenQuiet } from "../checker/quiet.ts";
import type { Verdict } from "../checker/verdict.ts";
import { watchStates, type Watching } from "../checker/watch-states.ts";
import { atTheEnd, World } from "../journeys/world.ts";
import { HandlerProcess } from "./handler-process.ts";
import type { StepsSettings } from "./steps-settings.ts";
import { areOver, requestOf, stepsProject } from "./workload.ts";

/** Making every state anew takes two seconds of CPU: too much for each story of a quick run. */
const isLong = process.env["JACKFIELD_LONG_TESTS"] === "1";

type Environment = Readonly<{ [name: string]: string }>;

export interface FaultOptions {
  /** The folder of another project than `faults`, which the built-in handlers answer. */
  folder?: string;
  /** What services and handlers are told beside their settings. */
  environment?: Environment;
  /** Another build than the production one, for negative controls: its command, and the folder of its handlers. */
  build?: { program: string; handlers: string };
  /** How long a step takes, and how many a handler does at once. */
  work?: Partial<Pick<StepsSettings, "milliseconds" | "millisecondsOf" | "concurrency">>;
}

/** Services that are processes of `up --isolate`, its servers, and the handlers that the test started. */
type Victim = string;

/**
 * A Jackfield of real processes under a recorded workload, whose parts can be killed, stopped and continued by name. What
 * dies is started again by `up`; a handler by this world, as a supervisor would.
 */
export class FaultWorld implements AsyncDisposable {
  readonly world: World;
  /** The file of the history. */
  readonly history: string;
  readonly record: Record;
  readonly #handlers = new Map<string, HandlerProcess>();
  readonly #programs: string;
  readonly #environment: Environment;
  #watching: Watching | undefined;

  private constructor(world: World, programs: string, environment: Environment) {
    this.world = world;
    this.history = join(world.folder, "history.jsonl");
    this.record = recordInto(this.history, "test");
    this.#programs = programs;
    this.#environment = environment;
  }

  /** Up, with the project `faults` applied and one handler `steps` for every step of its lifecycle. */
  static async begin({
    folder: given,
    environment = {},
    build,
    work,
  }: FaultOptions = {}): Promise<FaultWorld> {
    const folder = given ?? (await stepsProject());
    const programs = build?.handlers ?? (await stepsProgram());
    const world = await World.begin({
      folder,
      isolate: true,
      environment,
      ...(build !== undefined && { program: build.program }),
    });
    const faults = new FaultWorld(world, programs, environment);
    atTheEnd(() => faults[Symbol.asyncDispose]());
    faults.#watching = watchStates(await faults.postgresUrl(), recordInto(faults.history, "watcher"));
    try {
      if (given === undefined) await faults.handler({ name: "steps", ...work });
      await world.did("apply");
    } catch (error) {
      await faults[Symbol.asyncDispose]();
      throw error;
    }
    return faults;
  }

  /**
   * Starts a handler of the project (`*`: of every one) that answers every step, and waits until it is registered. A second
   * instance of a handler goes by another name here (`as`).
   */
  async handler(
    settings: Pick<StepsSettings, "name"> & Partial<StepsSettings>,
    { as = settings.name, project = "faults" }: { as?: string; project?: string } = {},
  ): Promise<HandlerProcess> {
    const steps = ["fetch", "split", "train", "evaluate"];
    const whole = { concurrency: 8, milliseconds: 20, history: this.history, ...settings };
    const handler = new HandlerProcess([join(this.#programs, "steps.mjs")], {
      ...this.#environment,
      ...(await this.world.settingsOf(project, settings.name, steps)),
      JACKFIELD_STEPS: JSON.stringify(whole),
      JACKFIELD_LOG_LEVEL: "error",
    });
    this.#handlers.set(as, handler);
    const before = await this.#instances(settings.name);
    await until(`${as} is there`, async () => (await this.#instances(settings.name)) > before, {
      withinMs: 20_000,
    });
    return handler;
  }

  /** How many processes of a handler the conductor can give work to. */
  async #instances(name: string): Promise<number> {
    const answer = await fetch(`${this.world.url}/v1/handlers?project=faults`);
    const { handlers } = getHandlers.answer.parse(await answer.json());
    return handlers.find(({ handler }) => handler === name)?.instances ?? 0;
  }

  /** Asks for so many runs through the gateway, each until it is acknowledged; answers with the ids of the requests. */
  async request(count: number, { atOnce = 8 } = {}): Promise<string[]> {
    const ids = Array.from({ length: count }, () => randomUUID());
    const waiting = [...ids];
    const client = async (): Promise<void> => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) await this.publish(requestOf(id));
    };
    await Promise.all(Array.from({ length: atOnce }, client));
    return ids;
  }

  /** Posts an event again and again until the gateway has acknowledged or refused it, and records what it said. */
  async publish(event: Event): Promise<void> {
    const said = { op: "publish", key: keyOf(event), digest: contentOf(event) } as const;
    for (;;) {
      const answer = await fetch(`${this.world.url}/v1/events`, {
        method: "POST",
        headers: { "content-type": "application/cloudevents+json" },
        body: JSON.stringify(event),
        signal: AbortSignal.timeout(20_000),
      }).catch(() => undefined);
      if (answer?.ok === true) {
        // The gateway answers with the position (`POST /v1/events`).
        const { position } = (await answer.json()) as { position: string };
        this.record({ ...said, answer: "ok", position });
        return;
      }
      const again = answer === undefined || answer.status >= 500 || answer.status === 429;
      this.record({ ...said, answer: again ? "unknown" : "refused" });
      if (!again) return;
      await delay(100);
    }
  }

  /** Waits until the runs of these requests are over. */
  async over(requests: readonly string[], withinMs = 60_000): Promise<void> {
    await until(`${requests.length} runs`, areOver(requests, this.world.seen), { withinMs });
  }

  /** Waits until a handler of this world is in the middle of a step. */
  async begun(step: string): Promise<void> {
    const isSo = (line: Line): boolean => line.op === "execute" && line.task.endsWith(`/${step}`);
    await until(`work on ${step}`, () => readHistory(this.history).some(isSo));
  }

  /** SIGKILL; whoever watches over it starts it again. One that is still dead from the last time is waited for. */
  async kill(victim: Victim): Promise<void> {
    const pid = await this.#alive(victim);
    this.record({ op: "fault", what: `kill -9 ${victim}`, part: "blow" });
    process.kill(pid, "SIGKILL");
  }

  /** SIGTERM, and waits until it has ended and another process is there in its place. */
  async terminate(victim: Victim): Promise<void> {
    const pid = await this.#alive(victim);
    this.record({ op: "fault", what: `SIGTERM ${victim}`, part: "begin" });
    process.kill(pid, "SIGTERM");
    await until(`another ${victim}`, async () => (await this.#alive(victim)) !== pid, { withinMs: 20_000 });
    this.record({ op: "fault", what: `SIGTERM ${victim}`, part: "end" });
  }

  /** SIGSTOP for so long, then SIGCONT. */
  async freeze(victim: Victim, forMs: number): Promise<void> {
    const pid = await this.#alive(victim);
    this.record({ op: "fault", what: `stop ${victim}`, part: "begin" });
    process.kill(pid, "SIGSTOP");
    await delay(forMs);
    process.kill(pid, "SIGCONT");
    this.record({ op: "fault", what: `stop ${victim}`, part: "end" });
  }

  #alive(victim: Victim): Promise<number> {
    return until(`${victim} to run`, async () => {
      const pid = await this.pidOf(victim);
      // Signal 0 only asks, and throws for a process that is gone.
      process.kill(pid, 0);
      return pid;
    });
  }

  /** `conductor`, `tracker`, …, `nats-server`, `postgres`, or a handler of this world. */
  async pidOf(victim: Victim): Promise<number> {
    const handler = this.#handlers.get(victim);
    if (handler !== undefined) return handler.pid;
    const { nats, postgres, services = [] } = await this.world.run();
    if (victim === "nats-server" && nats !== undefined) return nats.pid;
    if (victim === "postgres" && postgres !== undefined) return postgres.pid;
    const service = services.find(({ name }) => name === victim);
    if (service === undefined) throw new Error(`${victim} does not run`);
    return service.pid;
  }

  /** Where the stream is, and the credential of an administrator. */
  async nats(): Promise<{ natsUrl: string; natsCreds?: string }> {
    const { nats } = await this.world.run();
    const natsUrl = nats?.url ?? this.#environment["JACKFIELD_NATS_URL"] ?? "";
    return { natsUrl, ...(nats !== undefined && { natsCreds: nats.creds }) };
  }

  async postgresUrl(): Promise<string> {
    return (await this.world.run()).postgres?.url ?? this.#environment["JACKFIELD_POSTGRES_URL"] ?? "";
  }

  /** Waits until nothing moves any more, at most so long, and judges; by itself it must go on within `recoverWithinMs`. */
  async verdict(withinMs = 30_000, recoverWithinMs?: number): Promise<Verdict> {
    const stores = { ...(await this.nats()), postgresUrl: await this.postgresUrl() };
    // What still moves, or never will be done, the verdict says.
    if ((await whenQuiet({ ...stores, withinMs })) && isLong) await this.#makeStatesAnew();
    return check({ history: this.history, recoverWithinMs, ...stores });
  }

  async #makeStatesAnew(): Promise<void> {
    const { exit: code, out, err } = await this.world.type("admin", "rebuild", "--check", "--json");
    if (code !== exit.pass && code !== exit.fail) throw new Error(`jackfield admin rebuild: ${err}`);
    for (const { reader, same } of z.array(rebuildReport).parse(JSON.parse(out)))
      this.record({ op: "rebuilt", reader, same: same === true });
  }

  /** Ends everything; a file with several worlds ends each, so that they do not starve the next. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watching?.close();
    await Promise.all([...this.#handlers.values()].map((handler) => handler.end()));
    await this.world[Symbol.asyncDispose]();
  }
}

/** The handlers of the production code. */
const stepsProgram = (): Promise<string> =>
  bundlePrograms({ from: "test/faults/programs", name: "jackfield-faults" });
