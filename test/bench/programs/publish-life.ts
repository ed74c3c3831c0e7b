import { outgoing } from "@jackfield/events/outgoing";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { runId, sourceOfHandler, sourceOfService, taskEventId, taskId } from "@jackfield/spec/event/ids";
import { eventType } from "@jackfield/spec/event/type";
import { connect } from "@nats-io/transport-node";

/**
 * Publishes the life of tasks (triggered, started, finished; about 1 kB each) with 256 in flight. Everything is encoded
 * before it says `ready`, so that publishing takes as little of the machine as it can; `go` begins, `done` ends it.
 *
 * node publish-life.mjs <nats url> <subject root> <number of events>
 */
const [natsUrl = "", root = "", events = "0"] = process.argv.slice(2);
const filler = "A line that brings an event to the size that events have. ".repeat(8);

function lifeOfTask(number: number): CloudEvent[] {
  const run = runId({
    project: "bench",
    workflow: "w",
    source: "/ci",
    type: "asked",
    id: String(Math.floor(number / 8)),
  });
  const name = { task: taskId(run, `step-${number % 8}`), handler: "noop", attempt: 1 };
  const triggered = taskEventId(name, "triggered");
  const event = (predicate: string, own: Partial<CloudEvent>): CloudEvent => ({
    specversion: "1.0",
    id: taskEventId(name, predicate),
    source: predicate === "triggered" ? sourceOfService("conductor") : sourceOfHandler("noop"),
    type: eventType("noop", predicate, "1.0.0"),
    subject: name.task,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    correlationid: run,
    causationid: predicate === "triggered" ? run : triggered,
    project: "bench",
    subproject: "one",
    run,
    runname: `one-${Math.floor(number / 8)}`,
    handler: "noop",
    role: "primary",
    attempt: 1,
    ...(predicate !== "triggered" && { triggeredid: triggered }),
    ...own,
  });
  const limits = { startSeconds: 30, leaseSeconds: 60, finishSeconds: 600, attempts: 3 };
  const outputs = { note: filler };
  return [
    event("triggered", { data: { inputs: { note: filler }, limits, handlerversion: "1" } }),
    event("started", { data: { instance: "bench", note: filler } }),
    event("finished", { status: "succeeded", result: "pass", data: { outputs, workSeconds: 0.001 } }),
  ];
}

const messages = Array.from({ length: Math.ceil(Number(events) / 3) }, (_, number) => lifeOfTask(number))
  .flat()
  .slice(0, Number(events))
  .map((event) => outgoing(event, root));
const connection = await connect({ servers: natsUrl });
let sent = 0;
let confirmed = 0;
const send = (): void => {
  const message = messages[sent];
  if (message === undefined) return;
  sent += 1;
  connection.publish(message.subject, message.body, { headers: message.headers, reply: "_INBOX_bench.ack" });
};
connection.subscribe("_INBOX_bench.ack", {
  callback: (_, message) => {
    const { error } = message.json<{ error?: { description?: string } }>();
    if (error !== undefined) throw new Error(error.description ?? "refused");
    confirmed += 1;
    if (confirmed === messages.length) process.send?.("done");
    send();
  },
});
process.once("message", () => {
  for (let count = 0; count < 256; count += 1) send();
});
await connection.flush();
process.send?.("ready");
