import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { nanos, type NatsConnection } from "@nats-io/transport-node";
import { until } from "../bed/until.ts";
import { contentOf, keyOf, type Event } from "../checker/envelope.ts";
import { withConnection } from "../checker/stream.ts";
import type { FaultWorld } from "../faults/fault-world.ts";

/** How long the runs of a scenario may take; a broken build may never end them. */
const overWithinMs = 40_000;

/** Waits for runs, also in vain: the checker says what is left. */
const overOrNot = (faults: FaultWorld, requests: readonly string[]): Promise<void> =>
  faults.over(requests, overWithinMs).catch(() => undefined);

const asAdmin = async <T>(faults: FaultWorld, work: (connection: NatsConnection) => Promise<T>): Promise<T> =>
  withConnection(await faults.nats(), work);

/** While many runs are under way the conductor dies, again and again. */
export async function conductorDies(faults: FaultWorld): Promise<void> {
  const asking = faults.request(80);
  await faults.world.happened("train.started");
  for (let blow = 1; blow <= 4; blow += 1) {
    await faults.kill("conductor");
    await delay(1_500);
  }
  await overOrNot(faults, await asking);
  // Whoever waits for acks shows again now what the last blow left unacknowledged.
  await delay(9_000);
}

/** The only worker stands still past its lease; when it goes on, its answers are late. */
export async function workerFreezes(faults: FaultWorld): Promise<void> {
  const asking = faults.request(8);
  await faults.begun("train");
  await faults.freeze("steps", 11_000);
  await overOrNot(faults, await asking);
}

/** The worker dies in the middle of its work; what was not acknowledged comes again after a second. */
export async function workerDies(faults: FaultWorld): Promise<void> {
  await asAdmin(faults, async (connection) => {
    const manager = await jetstreamManager(connection);
    for await (const { name } of manager.consumers.list("EVENTS")) {
      if (name.startsWith("faults-"))
        await manager.consumers.update("EVENTS", name, { ack_wait: nanos(1_000) });
    }
  });
  const asking = faults.request(4);
  await faults.begun("train");
  await faults.kill("steps");
  await overOrNot(faults, await asking);
}

/** Another handler says under its own name that `steps` has finished what it works on. */
export async function handlerForges(faults: FaultWorld): Promise<void> {
  const asking = faults.request(2);
  const { triggeredid, subject, run } = await faults.world.happened("train.started");
  const type = "dev.cdeventsx.jackfield-train.finished.1.0.0";
  const forged = {
    specversion: "1.0",
    id: `${String(subject)}/steps/1/finished`,
    source: "/jackfield/handlers/steps",
    type,
    subject,
    project: "faults",
    run,
    triggeredid,
    handler: "steps",
    role: "primary",
    attempt: 1,
    status: "succeeded",
    result: "fail",
    data: {},
  };
  await asAdmin(faults, async (connection) => {
    const { seq } = await jetstream(connection).publish(`evt.faults.rogue.${type}`, JSON.stringify(forged));
    const { created } = await (await jetstreamManager(connection)).streams.info("EVENTS");
    const position = `${Math.floor(Date.parse(created) / 1_000)}-${seq}`;
    faults.record({ op: "lie", what: "another handler answers as steps", position });
  });
  await overOrNot(faults, await asking);
}

/** The tracker stands still until more was published than the stream may hold. */
export async function streamFills(faults: FaultWorld): Promise<void> {
  await asAdmin(faults, async (connection) => {
    const manager = await jetstreamManager(connection);
    await manager.streams.update("EVENTS", { max_bytes: 1_000_000 });
  });
  const frozen = faults.freeze("tracker", 8_000);
  await Promise.race([asAdmin(faults, (connection) => flood(faults, connection)), delay(overWithinMs)]);
  await frozen;
}

/** A client of NATS publishes 8 MB, each event until it is acknowledged; a reader asks for 1,000 messages ahead. */
async function flood(faults: FaultWorld, connection: NatsConnection): Promise<void> {
  const client = jetstream(connection);
  const ids = Array.from({ length: 3_000 }, () => randomUUID());
  const one = async (): Promise<void> => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      const event = noise(id);
      const said = { op: "publish", key: keyOf(event), digest: contentOf(event) } as const;
      const publish = () =>
        client.publish(`evt.faults._.${event.type}`, JSON.stringify(event), { msgID: id });
      await until(`the stream takes ${id}`, publish, { withinMs: overWithinMs, everyMs: 100 });
      faults.record({ ...said, answer: "ok" });
    }
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

const noise = (id: string): Event => ({
  specversion: "1.0",
  id,
  source: "/faults",
  type: "com.example.noise",
  project: "faults",
  datacontenttype: "application/json",
  data: { noise: "~".repeat(2_500) },
});
