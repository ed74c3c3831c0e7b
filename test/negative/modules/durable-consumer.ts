/**
 * A durable consumer instead of a log reader: the server remembers what was acknowledged, each batch after its commit.
 * After a crash what was on its way comes again when the wait for its ack is over, behind what is newer.
 */
import { AckPolicy, DeliverPolicy } from "@nats-io/jetstream";
import { nanos, type Msg } from "@nats-io/transport-node";
import type { Events } from "@jackfield/events/connection";
import { Feed } from "@jackfield/events/feed";
import { readDelivery, type LogEntry } from "@jackfield/events/log-entry";
import * as sound from "@jackfield/events/log-reader";
import { pause } from "@jackfield/events/pause";
import { Pull } from "@jackfield/events/pull";
import { streamState } from "@jackfield/events/stream";

export * from "@jackfield/events/log-reader";

/** Only these fold; the gateway's readers are many, and show. */
const folding = new Set(["conductor", "tracker"]);

export const readLog: typeof sound.readLog = async (events, options) => {
  const [, name = ""] = /^_INBOX_([^.]+)/.exec(events.inbox()) ?? [];
  if (!folding.has(name)) return sound.readLog(events, options);
  const { signal, onBatch } = options;
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    const read = { durable: `durable_${name}`, signal, onBatch };
    const again = await readOnce(events, read).then(
      () => true,
      // What the fold throws ends the reading, as it does in the log reader; anything else is the server's.
      (fault: unknown) => !(fault instanceof Folding),
    );
    if (!again) throw new Error("the fold failed");
    await pause(attempt, signal);
  }
};

class Folding extends Error {}

interface Read {
  durable: string;
  signal: AbortSignal;
  onBatch: (batch: LogEntry[]) => Promise<void>;
}

async function readOnce(events: Events, { durable, signal, onBatch }: Read): Promise<void> {
  await events.whenConnected(signal);
  await events.manager.consumers.add(events.stream, {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(10_000),
    max_ack_pending: 500,
    deliver_policy: DeliverPolicy.All,
  });
  const epoch = (await streamState(events))?.epoch ?? 0;
  const feed = new Feed<{ entry: LogEntry; message: Msg }>();
  const pull = new Pull(events, {
    stream: events.stream,
    consumer: durable,
    onMessage: (delivery) => {
      const { message, sequence, storedMs } = delivery;
      const place = { position: { epoch, sequence }, subject: message.subject, storedMs };
      feed.push({ entry: { ...place, ...readDelivery(delivery, events.subjectRoot) }, message });
    },
    onDrained: () => pull.ask(500),
    onLost: () => feed.end(),
  });
  const stop = (): void => feed.end();
  signal.addEventListener("abort", stop);
  pull.ask(500);
  for (let batch = await feed.take(500); batch.length > 0; batch = await feed.take(500)) {
    await onBatch(batch.map(({ entry }) => entry)).catch((fault: unknown) => {
      throw new Folding(String(fault));
    });
    for (const { message } of batch) message.respond("+ACK");
  }
  pull.stop();
  signal.removeEventListener("abort", stop);
}
