import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { DeliverPolicy, jetstream } from "@nats-io/jetstream";
import { openEvents, type Events } from "@jackfield/events/connection";
import { createPublisher, type Publisher } from "@jackfield/events/publish";
import { ensureStream, streamState } from "@jackfield/events/stream";
import { prepareDatabase } from "@jackfield/postgres/prepare";
import { sourceOfService } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { longType } from "@jackfield/spec/event/type";
import type { AppliedProject, Configuration } from "@jackfield/spec/project/configuration";
import { defaultLifecycle, type Step } from "@jackfield/spec/project/workflow";
import pg from "pg";
import { z } from "zod";
import type { NatsServer } from "../../deploy/embedded/nats-server.mjs";
import type { Bed } from "./bed.ts";
import { cpuWhile } from "./processes.ts";
import type { RunningNode } from "./run-node.ts";

/**
 * The spine as it runs in production: conductor, tracker and a handler that does nothing, each in a process of its own,
 * on a stream and a database of their own. This process is the client that asks for runs.
 */
export class Spine implements AsyncDisposable {
  readonly events: Events;
  readonly services: Record<"conductor" | "tracker" | "handler", RunningNode>;
  readonly database: pg.Client;
  readonly #publisher: Publisher;
  readonly #pids: Record<string, number>;
  readonly #waiting = new Map<string, (finished: CloudEvent) => void>();
  readonly #closing: () => Promise<unknown>;
  #count = 0;

  private constructor(
    parts: Pick<Spine, "events" | "services" | "database">,
    servers: Record<string, number>,
    closing: () => Promise<unknown>,
  ) {
    this.events = parts.events;
    this.services = parts.services;
    this.database = parts.database;
    this.#publisher = createPublisher(parts.events);
    const own = Object.entries(parts.services).map(([name, { pid }]) => [name, pid]);
    this.#pids = { ...(Object.fromEntries(own) as Record<string, number>), ...servers };
    this.#closing = closing;
  }

  static async open(bed: Bed, nats: NatsServer, { concurrency }: { concurrency: number }): Promise<Spine> {
    const postgres = await bed.postgres();
    const prefix = bed.word();
    const adminUrl = await bed.freshDatabase();
    const events = await openEvents({ url: nats.url, name: "bench", prefix });
    await ensureStream(events, { maxBytes: 4 * 1024 ** 3 });
    const urls = await prepareDatabase({ adminUrl, services: ["conductor", "tracker"] });
    const settings = {
      JACKFIELD_NATS_URL: nats.url,
      JACKFIELD_PREFIX: prefix,
      JACKFIELD_ARTIFACTS_URL: pathToFileURL(`${bed.folder}/artifacts`).href,
    };
    const service = (name: string): Promise<RunningNode> =>
      bed.start("dist/deploy/run-service.mjs", [name], {
        ...settings,
        JACKFIELD_POSTGRES_URL: urls[name] ?? "",
      });
    const [conductor, tracker] = await Promise.all([service("conductor"), service("tracker")]);
    await Promise.all([conductor, tracker].map(untilReady));
    const handler = await bed.start("noop-handler", [String(concurrency)], {
      ...settings,
      JACKFIELD_PROJECT: project,
    });
    const database = new pg.Client({ connectionString: adminUrl });
    await database.connect();
    const services = { conductor, tracker, handler };
    const spine = new Spine(
      { events, services, database },
      { nats: nats.pid, postgres: postgres.pid },
      async () => {
        await Promise.all([handler, conductor, tracker].map((one) => one.stop()));
        await database.end();
        await events.manager.streams.delete(events.stream);
        await events.close();
        await bed.dropDatabase(adminUrl);
      },
    );
    await spine.#begin();
    return spine;
  }

  /** Asks for a run and waits for its end. @throws Error when it did not pass */
  async run(workflow: keyof typeof workflows, withinMs = 60_000): Promise<void> {
    const id = `request-${(this.#count += 1)}`;
    const finished = new Promise<CloudEvent>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${id} did not end in ${withinMs} ms`)), withinMs);
      this.#waiting.set(id, (event) => {
        clearTimeout(late);
        resolve(event);
      });
    });
    await this.#publisher.publish(said("run.requested", { id, subproject, data: { workflow } }));
    const { result } = await finished;
    if (result !== "pass") throw new Error(`${id} ended with ${result ?? "no result"}`);
  }

  /** µs of CPU an event, by process, from here until the tracker has everything that the work led to. */
  async cpuPerEvent(work: () => Promise<unknown>): Promise<Record<string, number>> {
    await this.#trackerHasAll();
    const from = await this.#last();
    const own = process.cpuUsage();
    const used = await cpuWhile(this.#pids, async () => {
      await work();
      await this.#trackerHasAll();
    });
    const { user, system } = process.cpuUsage(own);
    const events = (await this.#last()) - from;
    const perEvent = Object.entries(used).map(([name, seconds]) => [name, (seconds / events) * 1e6]);
    return Object.fromEntries([...perEvent, ["client", (user + system) / events]]) as Record<string, number>;
  }

  async #trackerHasAll(): Promise<void> {
    const last = await this.#last();
    const deadline = performance.now() + 60_000;
    for (;;) {
      const { rows } = await this.database.query<{ sequence: string }>(
        "select sequence from tracker.position",
      );
      if (Number(rows[0]?.sequence ?? 0) >= last) return;
      if (performance.now() > deadline) throw new Error("the tracker did not come to the end of the stream");
      await delay(5);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publisher.close();
    await this.#closing();
  }

  async #last(): Promise<number> {
    return (await streamState(this.events))?.last ?? 0;
  }

  /** Listens for ends, applies the project, and waits until the handler is known. */
  async #begin(): Promise<void> {
    const consumer = await jetstream(this.events.connection).consumers.get(this.events.stream, {
      filter_subjects: `${this.events.subjectRoot}.${project}.*.${longType("run.finished")}`,
      deliver_policy: DeliverPolicy.New,
    });
    await consumer.consume({
      callback: (message) => {
        const event = message.json<CloudEvent>();
        const request = event.correlationid ?? "";
        this.#waiting.get(request)?.(event);
        this.#waiting.delete(request);
      },
    });
    await this.#publisher.publish(applied);
    await this.services.handler.hear();
    const deadline = performance.now() + 15_000;
    for (;;) {
      const { rowCount } = await this.database.query("select from conductor.handlers where key like '%noop'");
      if (rowCount === 1) return;
      if (performance.now() > deadline) throw new Error("the handler was not registered");
      await delay(20);
    }
  }
}

const project = "bench";
const subproject = "one";
const filler = "A line that brings an event to the size that events have. ".repeat(8);

const said = (short: string, parts: Partial<CloudEvent>): CloudEvent => ({
  specversion: "1.0",
  id: short,
  source: "/bench",
  type: longType(short),
  time: new Date().toISOString(),
  datacontenttype: "application/json",
  project,
  ...parts,
});

const configuration: Configuration = {
  fetch: { from: "data.csv" },
  split: { method: "column", column: "date", test: "2015-01-01.." },
  target: "weather",
  train: { command: "true", params: { note: filler }, inputs: "parquet" },
  evaluate: { slices: [] },
  gate: {},
  attempts: {},
};

// The run's name makes each input one of its own: nothing is answered by the cache.
const noop = (name: string, note: string, parts: Partial<Step> = {}): Step => ({
  name,
  capability: "noop",
  needs: [],
  ...parts,
  with: { note, name: "/run/name", ...parts.with },
});
const given = "/configuration/train/params/note";

/** One foreach over so many items. */
const wide = (items: number): Step[] => [
  noop("item", given, { foreach: { in: items }, with: { index: "/index" } }),
];

/** What can be asked for by name. */
export const workflows = {
  chain: [noop("a", given), noop("b", "/a/note", { needs: ["a"] }), noop("c", "/b/note", { needs: ["b"] })],
  "wide-2000": wide(2_000),
  "wide-20000": wide(20_000),
  "wide-200000": wide(200_000),
} satisfies Record<string, Step[]>;

const asApplied: AppliedProject = {
  organization: "default",
  project,
  bind: {},
  workflows: Object.fromEntries(
    Object.entries({ [defaultLifecycle.name]: defaultLifecycle.steps, ...workflows }).map(([name, steps]) => [
      name,
      { on: [], steps },
    ]),
  ),
  subprojects: { [subproject]: configuration },
};

const applied = said("config.applied", {
  source: sourceOfService("projects"),
  data: { version: 1, digest: `sha256:${"0".repeat(64)}`, applied: asApplied },
});

async function untilReady(service: RunningNode): Promise<void> {
  const { health } = z.object({ health: z.string() }).parse(await service.hear());
  const deadline = performance.now() + 15_000;
  while (!(await fetch(`${health}/readyz`)).ok) {
    if (performance.now() > deadline) throw new Error("a service does not become ready");
    await delay(20);
  }
}
