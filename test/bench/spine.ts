import { setTimeout as delay } from "node:timers/promises";
import { DeliverPolicy, jetstream } from "@nats-io/jetstream";
import { createPublisher, type Publisher } from "@jackfield/events/publish";
import { streamState } from "@jackfield/events/stream";
import { askService } from "@jackfield/service/answer";
import { bind } from "@jackfield/spec/ask/conductor";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { longType } from "@jackfield/spec/event/type";
import type { NatsServer } from "../../deploy/embedded/nats-server.mjs";
import { freePort } from "../../deploy/embedded/guarded-process.mjs";
import type { Bed } from "./bed.ts";
import { cpuWhile } from "./processes.ts";
import type { RunningNode } from "./run-node.ts";
import { makeParts, serviceNames, untilReady, type ServiceName, type SpineParts } from "./spine-parts.ts";
import { applied, project, said, subproject, type workflows } from "./spine-project.ts";

/**
 * The spine as it runs in production: conductor, tracker and a handler that does nothing, each in a process of its own,
 * on a stream and a database of their own. This process is the client that asks for runs.
 */
export class Spine implements AsyncDisposable {
  readonly services = new Map<ServiceName, RunningNode>();
  readonly #parts: SpineParts;
  readonly #publisher: Publisher;
  readonly #waiting = new Map<string, (finished: CloudEvent) => void>();
  readonly #others: RunningNode[] = [];
  #count = 0;

  private constructor(parts: SpineParts) {
    this.#parts = parts;
    this.#publisher = createPublisher(parts.events);
  }

  static async open(bed: Bed, nats: NatsServer, { concurrency }: { concurrency: number }): Promise<Spine> {
    const spine = new Spine(await makeParts(bed, nats, concurrency));
    await Promise.all((["conductor", "tracker"] as const).map((name) => spine.#start(name).then(untilReady)));
    await spine.listen();
    await spine.#publisher.publish(applied);
    await (await spine.#start("handler")).hear();
    await spine.#untilRows("select from conductor.handlers where key like '%noop'", "the handler's row");
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
    await this.trackerHasAll();
    const from = await this.#last();
    const own = process.cpuUsage();
    const used = await cpuWhile(this.#pids(), async () => {
      await work();
      await this.trackerHasAll();
    });
    const { user, system } = process.cpuUsage(own);
    const events = (await this.#last()) - from;
    const perEvent = Object.entries(used).map(([name, seconds]) => [name, (seconds / events) * 1e6]);
    return Object.fromEntries([...perEvent, ["client", (user + system) / events]]) as Record<string, number>;
  }

  async trackerHasAll(): Promise<void> {
    const last = await this.#last();
    await this.#untilRows(
      `select from tracker.position where sequence >= ${last}`,
      "the tracker to have all",
    );
  }

  /** Another handler, known and alive. */
  async startOther(name: string, takesMs = 0): Promise<void> {
    const started = await this.#parts.startOther(name, takesMs);
    this.#others.push(started);
    await started.hear();
    await this.#untilRows(`select from conductor.handlers where key like '%${name}'`, `${name}'s row`);
  }

  /** A door for events; answers with its URL once it takes some. */
  async startDoor(which: "gateway" | "bare"): Promise<string> {
    const port = await freePort();
    const started = await this.#parts.startDoor(which, port);
    this.#others.push(started);
    if (which === "gateway") await untilReady(started);
    else await started.hear();
    return `http://127.0.0.1:${port}/v1/events`;
  }

  /** Moves the lead of the capability that does nothing, or plugs a shadow in or out. */
  bind(handler: string, shadow?: "add" | "remove"): Promise<unknown> {
    const asked = { project, capability: "noop", handler, ...(shadow !== undefined && { shadow }) };
    return askService(this.#parts.events, bind, asked, { timeoutMs: 30_000 });
  }

  /** One number from the stores. */
  async count(query: string): Promise<number> {
    const { rows } = await this.#parts.database.query<{ count: string }>(query);
    return Number(rows[0]?.count);
  }

  /** `kill -9`; what died is started again after the pause that the launcher makes. */
  async kill(name: ServiceName): Promise<void> {
    process.kill(this.services.get(name)?.pid ?? 0, "SIGKILL");
    await delay(100);
    await this.#start(name);
  }

  /** Resolves when the connection to the broker breaks. */
  brokerLost(): Promise<void> {
    return new Promise((resolve) => {
      const unwatch = this.#parts.events.watch(({ type }) => {
        if (type !== "disconnect") return;
        unwatch();
        resolve();
      });
    });
  }

  /** Hears the ends of runs from here on; again after a broker was killed. */
  async listen(): Promise<void> {
    const { events } = this.#parts;
    await events.whenConnected();
    const consumer = await jetstream(events.connection).consumers.get(events.stream, {
      filter_subjects: `${events.subjectRoot}.${project}.*.${longType("run.finished")}`,
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
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publisher.close();
    await Promise.all([...this.services.values(), ...this.#others].map((one) => one.stop()));
    await this.#parts.close();
  }

  async #start(name: ServiceName): Promise<RunningNode> {
    const started = await this.#parts.start(name);
    this.services.set(name, started);
    return started;
  }

  #pids(): Record<string, number> {
    const own = serviceNames.map((name) => [name, this.services.get(name)?.pid ?? 0]);
    return { ...(Object.fromEntries(own) as Record<string, number>), ...this.#parts.servers };
  }

  async #last(): Promise<number> {
    return (await streamState(this.#parts.events))?.last ?? 0;
  }

  /** Asks the database until there is a row; a server that is away is asked again. */
  async #untilRows(query: string, what: string): Promise<void> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const { rowCount } = await this.#parts.database.query(query).catch(() => ({ rowCount: 0 }));
      if ((rowCount ?? 0) > 0) return;
      if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
      await delay(5);
    }
  }
}
