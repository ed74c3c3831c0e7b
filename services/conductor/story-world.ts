import { setTimeout as delay } from "node:timers/promises";
import { openArtifacts } from "@jackfield/artifacts/artifacts";
import { openEvents, type Events } from "@jackfield/events/connection";
import { readLog } from "@jackfield/events/log-reader";
import { createPublisher, type Publisher } from "@jackfield/events/publish";
import { ensureStream } from "@jackfield/events/stream";
import type { Entry } from "@jackfield/lifecycle/state";
import { inWords } from "@jackfield/lifecycle/story";
import { applied, said } from "@jackfield/lifecycle/story-events";
import { migrate } from "@jackfield/postgres/migrate";
import { openPostgres } from "@jackfield/postgres/database";
import { prepareDatabase } from "@jackfield/postgres/prepare";
import { createHealth } from "@jackfield/service/health";
import { openLog } from "@jackfield/service/log";
import { on, type Handler } from "@jackfield/service/on";
import { serve, type Serving } from "@jackfield/service/serve";
import { startService, type RunningService } from "@jackfield/service/start";
import { evaluate } from "@jackfield/spec/evaluate";
import { fetch } from "@jackfield/spec/fetch";
import { split } from "@jackfield/spec/split";
import { train } from "@jackfield/spec/train";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { longType } from "@jackfield/spec/event/type";
import type { Task } from "@jackfield/service/task";
import { z } from "zod";
import { Conductor } from "./conductor.ts";
import { conductor } from "./main.ts";

// Every handler of a story listens for the end of the process.
process.setMaxListeners(100);

/** Where a story plays: real servers, a stream of its own, a database of its own, a folder for artifacts. */
export interface Place {
  natsUrl: string;
  adminUrl: string;
  artifactsUrl: string;
  prefix: string;
}

const capabilities = { fetch, split, train, evaluate };
type Step = keyof typeof capabilities;
export const steps: readonly Step[] = ["fetch", "split", "train", "evaluate"];

/** Answers a step with the example of its contract; `work` may take its time, or throw. */
export function step(name: Step, work: (task: Task) => Promise<void> = async () => undefined): Handler {
  const { example, ...contract } = capabilities[name];
  return on(
    { ...contract, example, input: z.looseObject({}), output: z.looseObject({}) },
    async (_, task) => {
      await work(task);
      return z.record(z.string(), z.unknown()).parse(example.output);
    },
  );
}

export interface BareConductor {
  conductor: Conductor;
  close(): Promise<void>;
}

/** A conductor with handlers that are real, and a log that the story reads along. */
export class World implements AsyncDisposable {
  readonly entries: Entry[] = [];
  readonly place: Place;
  readonly events: Events;
  readonly publisher: Publisher;
  readonly #stop = new AbortController();
  readonly #reading: Promise<void>;
  readonly #closing: (() => Promise<void>)[] = [];
  readonly databaseUrl: string;

  private constructor(place: Place, events: Events, databaseUrl: string) {
    this.place = place;
    this.events = events;
    this.databaseUrl = databaseUrl;
    this.publisher = createPublisher(events);
    this.#reading = readLog(events, {
      from: undefined,
      signal: this.#stop.signal,
      onBatch: async (batch) => {
        this.entries.push(
          ...batch.flatMap(({ event, position }) => (event === undefined ? [] : [{ event, position }])),
        );
      },
    });
  }

  get log(): CloudEvent[] {
    return this.entries.map(({ event }) => event);
  }

  static async open(place: Place): Promise<World> {
    const events = await openEvents({ url: place.natsUrl, name: "story", prefix: place.prefix });
    await ensureStream(events, { maxBytes: 256_000_000 });
    const urls = await prepareDatabase({ adminUrl: place.adminUrl, services: ["conductor"] });
    const url = urls["conductor"] ?? "";
    await migrate({ url, schema: "conductor", folder: new URL("./migrations/", import.meta.url) });
    const artifacts = await openArtifacts(place.artifactsUrl);
    // What the examples of the contracts point at.
    await artifacts.put(Buffer.from("an example table"), { mediaType: "text/plain" });
    return new World(place, events, url);
  }

  async conductor(): Promise<RunningService> {
    const service = await startService(conductor, {
      JACKFIELD_NATS_URL: this.place.natsUrl,
      JACKFIELD_PREFIX: this.place.prefix,
      JACKFIELD_POSTGRES_URL: this.databaseUrl,
      JACKFIELD_ARTIFACTS_URL: this.place.artifactsUrl,
      JACKFIELD_LOG_LEVEL: process.env["JACKFIELD_LOG_LEVEL"] ?? "silent",
    });
    let stopped = false;
    const stop = async (graceMs?: number): Promise<void> => {
      if (!stopped) await service.stop(graceMs);
      stopped = true;
    };
    this.#closing.push(stop);
    await this.until("the conductor is active", () => service.ready().ready);
    return { ...service, stop };
  }

  /** A conductor that folds and writes, and dies before it publishes; the story decides when. */
  mute(): Promise<BareConductor> {
    return this.bare(mute);
  }

  /** A conductor without its answers, for stories that look into it. */
  async bare(publisher: Publisher = this.publisher): Promise<BareConductor> {
    const stop = new AbortController();
    const database = await openPostgres({
      url: this.databaseUrl,
      schema: "conductor",
      applicationName: "bare conductor",
    });
    const conductor = await Conductor.open({
      config: { limits: {} },
      events: this.events,
      publisher,
      database,
      artifacts: await openArtifacts(this.place.artifactsUrl),
      log: openLog({ service: "conductor", level: "silent" }),
      health: createHealth(),
      signal: stop.signal,
    });
    const reading = readLog(this.events, {
      from: conductor.position,
      signal: stop.signal,
      onBatch: (batch) => conductor.onBatch(batch),
    });
    const close = async (): Promise<void> => {
      stop.abort();
      await reading;
      await conductor.close();
      await database.close();
    };
    return { conductor, close };
  }

  /** A handler with its own connection. */
  async handler(name: string, handlers: Handler[], concurrency = 4): Promise<Serving> {
    const serving = await serve(
      { name, handlers, concurrency, version: "1" },
      {
        JACKFIELD_NATS_URL: this.place.natsUrl,
        JACKFIELD_PREFIX: this.place.prefix,
        JACKFIELD_PROJECT: "weather",
        JACKFIELD_ARTIFACTS_URL: this.place.artifactsUrl,
        JACKFIELD_LOG_LEVEL: "silent",
      },
    );
    this.#closing.push(() => serving.close());
    return serving;
  }

  /** The four steps of the default lifecycle, and the weather project. */
  async weather(replaced: Handler[] = []): Promise<void> {
    await this.say(applied());
    for (const name of steps) {
      const own = replaced.find(({ capability }) => capability.name === name);
      await this.handler(name === "train" ? "command" : name, [own ?? step(name)]);
    }
    await this.until("all handlers are registered", () => this.count("handler.registered") >= steps.length);
  }

  async say(...events: CloudEvent[]): Promise<void> {
    await Promise.all(events.map((event) => this.publisher.publish(event)));
  }

  /** Asks for a run of seattle; answers with the id of the request. */
  async run(data: object = {}): Promise<string> {
    const request = said("run.requested", { subproject: "seattle", data });
    await this.say(request);
    return request.id;
  }

  all(short: string): CloudEvent[] {
    const type = longType(short);
    return this.log.filter((event) => event.type === type);
  }

  count(short: string): number {
    return this.all(short).length;
  }

  /** What was said in one story, in words. */
  words(correlationid: string): string[] {
    return this.log.filter((event) => event.correlationid === correlationid).map(inWords);
  }

  async until(what: string, probe: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!(await probe())) {
      if (performance.now() > deadline) {
        throw new Error(`waited ${withinMs} ms for ${what}; the log: ${this.log.map(inWords).join(", ")}`);
      }
      await delay(5);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing.reverse()) await close();
    this.#stop.abort();
    await this.#reading;
    await this.publisher.close();
    await this.events.close();
  }
}

/** Says nothing, and never hears that it was said. */
const mute: Publisher = {
  send: () => new Promise(() => undefined),
  publish: () => new Promise(() => undefined),
  flush: async () => undefined,
  close: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};
