import { pathToFileURL } from "node:url";
import { DeliverPolicy, jetstream } from "@nats-io/jetstream";
import { answer } from "@jackfield/events/ask";
import { openEvents, type Events } from "@jackfield/events/connection";
import { ensureHandlerConsumer } from "@jackfield/events/handler-consumer";
import { outgoing } from "@jackfield/events/outgoing";
import { ensureStream } from "@jackfield/events/stream";
import { sourceOfService, taskEventId } from "@jackfield/spec/event/ids";
import { eventType } from "@jackfield/spec/event/type";
import type { Bed } from "../bed.ts";
import { atMost, type Figure } from "../figure.ts";
import { cpuWhile } from "../processes.ts";
import type { RunningNode } from "../run-node.ts";
import { median, medianRatio, quantile } from "../statistics.ts";

const rounds = 10;
const tasksPerRound = 200;
const handlers = ["sdk", "bare", "barest"] as const;
type Name = (typeof handlers)[number];

/** Starts the three handlers. The conductor's part is played here: consumers are made, and nobody is told to stop. */
async function startHandlers(bed: Bed, events: Events, natsUrl: string): Promise<Record<Name, RunningNode>> {
  let heard: () => void = () => undefined;
  const registered = new Promise<void>((resolve) => (heard = resolve));
  const consumerOf = (handler: string) =>
    ensureHandlerConsumer(events, { project: "p", handler, capability: "noop" });
  await answer(events, "handler.*.*", async () => {
    const consumer = await consumerOf("sdk");
    heard();
    return { consumers: [{ capability: "noop", ...consumer }], everySeconds: 5 };
  });
  await answer(events, "lease.*.*", async () => ({ go: true, untilSeconds: 60 }));
  const bare = async (name: Name, ...mode: string[]): Promise<RunningNode> => {
    const { stream, durable } = await consumerOf(name);
    const subject = `${events.subjectRoot}.p.${name}.${eventType("noop", "", "").replaceAll(/\.+$/g, "")}`;
    const handler = await bed.start("bare-handler", [natsUrl, stream, durable, subject, ...mode]);
    await handler.hear();
    return handler;
  };
  const sdk = await bed.start("sdk-handler", [], {
    JACKFIELD_NATS_URL: natsUrl,
    JACKFIELD_PREFIX: events.prefix ?? "",
    JACKFIELD_PROJECT: "p",
    JACKFIELD_ARTIFACTS_URL: pathToFileURL(`${bed.folder}/artifacts`).href,
  });
  await registered;
  return { sdk, bare: await bare("bare"), barest: await bare("barest", "finished-only") };
}

/** Asks for one task after the other, and waits for each until its `finished` is read back from the stream. */
class Requester {
  readonly #events: Events;
  #count = 0;
  #finished: () => void = () => undefined;

  constructor(events: Events) {
    this.#events = events;
  }

  async listen(): Promise<void> {
    const finished = `${this.#events.subjectRoot}.p.*.${eventType("noop", "finished", "1.0.0")}`;
    const consumer = await jetstream(this.#events.connection).consumers.get(this.#events.stream, {
      filter_subjects: finished,
      deliver_policy: DeliverPolicy.New,
    });
    await consumer.consume({ callback: () => this.#finished() });
  }

  /** Milliseconds from the publishing of `triggered` to the reading of `finished`, task by task. */
  async times(handler: Name, count: number): Promise<number[]> {
    const times: number[] = [];
    for (let done = 0; done < count; done += 1) times.push(await this.#time(handler));
    return times;
  }

  async #time(handler: Name): Promise<number> {
    const { subject, body, headers } = outgoing(this.#triggered(handler), this.#events);
    const seen = new Promise<void>((resolve) => (this.#finished = resolve));
    const began = performance.now();
    this.#events.connection.publish(subject, body, { headers });
    await seen;
    return performance.now() - began;
  }

  #triggered(handler: Name) {
    this.#count += 1;
    const task = `bench-run/step-${this.#count}`;
    const limits = { startSeconds: 30, leaseSeconds: 60, finishSeconds: 600, attempts: 3 };
    const inputs = { note: "A line that brings an event to the size that events have. ".repeat(8) };
    return {
      specversion: "1.0" as const,
      id: taskEventId({ task, handler, attempt: 1 }, "triggered"),
      source: sourceOfService("conductor"),
      type: eventType("noop", "triggered", "1.0.0"),
      subject: task,
      time: new Date().toISOString(),
      datacontenttype: "application/json",
      correlationid: "bench-run",
      project: "p",
      run: "bench-run",
      handler,
      role: "primary" as const,
      attempt: 1,
      data: { inputs, limits, handlerversion: "1" },
    };
  }
}

type PerRound = Record<Name, number[]>;

async function measureRounds(bed: Bed): Promise<{ p50: PerRound; p99: PerRound; cpu: PerRound }> {
  const nats = await bed.nats();
  await using events = await openEvents({ url: nats.url, name: "bench", prefix: bed.word() });
  await ensureStream(events, { maxBytes: 1024 ** 3 });
  const running = await startHandlers(bed, events, nats.url);
  const requester = new Requester(events);
  await requester.listen();
  const empty = (): PerRound => ({ sdk: [], bare: [], barest: [] });
  const measured = { p50: empty(), p99: empty(), cpu: empty() };
  for (const name of handlers) await requester.times(name, 1_000);
  for (let round = 0; round < rounds; round += 1) {
    for (const name of handlers) {
      let times: number[] = [];
      const cpu = await cpuWhile({ handler: running[name].pid }, async () => {
        times = await requester.times(name, tasksPerRound);
      });
      measured.p50[name].push(quantile(times, 0.5));
      measured.p99[name].push(quantile(times, 0.99));
      measured.cpu[name].push(((cpu["handler"] ?? 0) / tasksPerRound) * 1e6);
    }
  }
  await Promise.all(handlers.map((name) => running[name].stop()));
  return measured;
}

const microseconds = (values: readonly number[]) => ({
  value: values.reduce((sum, value) => sum + value, 0) / values.length,
  unit: "µs",
});
const milliseconds = (values: readonly number[]) => ({ value: median(values), unit: "ms" });

/** `triggered` → a handler of the SDK → `finished` read from the stream, one at a time, and a bare NATS loop in turns. */
export const handlerRoundtrip: Figure = {
  id: "handler.roundtrip",
  goal: [atMost("ratio", 1.5)],
  measure: async (bed) => {
    const { p50, p99, cpu } = await measureRounds(bed);
    return {
      value: median(p50.sdk),
      unit: "ms",
      against: { name: "a bare NATS loop: started, its ack, finished (p50)", value: median(p50.bare) },
      ratio: medianRatio(p50.sdk, p50.bare),
      beside: {
        "p99, ours": milliseconds(p99.sdk),
        "p99, bare": milliseconds(p99.bare),
        "p50 of the barest loop, finished only": milliseconds(p50.barest),
        "ratio to the barest loop": { value: medianRatio(p50.sdk, p50.barest), unit: "×" },
        "CPU per task, ours: handler": microseconds(cpu.sdk),
        "CPU per task, bare: handler": microseconds(cpu.bare),
        "CPU per task, barest: handler": microseconds(cpu.barest),
      },
    };
  },
};
