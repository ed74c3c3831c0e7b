import { jetstream, type JsMsg } from "@nats-io/jetstream";
import { connect, headers, type MsgHdrs } from "@nats-io/transport-node";

/**
 * The loop without an SDK: a durable pull consumer; `started` published and its ack awaited, the delivery acknowledged,
 * `finished` published. The same messages as the SDK's, nothing checked. `finished-only` leaves `started` out.
 *
 * node bare-handler.mjs <nats url> <stream> <durable> <subject without the predicate> [finished-only]
 */
const [natsUrl = "", stream = "", durable = "", subject = "", mode] = process.argv.slice(2);
const connection = await connect({ servers: natsUrl });
const js = jetstream(connection);

const headersOf = (id: string): MsgHdrs => {
  const lines = headers();
  lines.set("Content-Type", "application/cloudevents+json");
  lines.set("Nats-Msg-Id", id);
  return lines;
};

async function answer(predicate: string, triggered: Record<string, string>, own: object): Promise<void> {
  const { id = "", type = "", subject: task, data: _data, source: _source, ...rest } = triggered;
  const event = {
    ...rest,
    id: id.replace("triggered", predicate),
    source: "/jackfield/handlers/bare",
    type: type.replace("triggered", predicate),
    subject: task,
    time: new Date().toISOString(),
    causationid: id,
    triggeredid: id,
    ...own,
  };
  await js.publish(`${subject}.${predicate}.1.0.0`, JSON.stringify(event), { headers: headersOf(event.id) });
}

async function handle(message: JsMsg): Promise<void> {
  // Written by the requester of this bench.
  const triggered = JSON.parse(message.string()) as Record<string, string> & { data: { inputs: object } };
  if (mode !== "finished-only") await answer("started", triggered, { data: { instance: "bare" } });
  message.ack();
  const data = { outputs: triggered.data.inputs, workSeconds: 0 };
  await answer("finished", triggered, { status: "succeeded", result: "pass", data });
}

const consumer = await js.consumers.get(stream, durable);
await consumer.consume({ max_messages: 1, callback: (message) => void handle(message) });
process.send?.("ready");
