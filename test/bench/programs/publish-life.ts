import { subjectOf } from "@jackfield/events/subject";
import { jetstream } from "@nats-io/jetstream";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { runId, sourceOfHandler, sourceOfService, taskEventId, taskId } from "@jackfield/spec/event/ids";
import { eventType } from "@jackfield/spec/event/type";
import { connect, headers } from "@nats-io/transport-node";

/**
 * Publishes the life of tasks (triggered, started, finished; about 1 kB each) with the plain client, 256 in flight, each
 * event made and written as it is sent. Says `ready`, begins when it is told to, says `done`.
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

const tasks = Number(events) / 3;
const connection = await connect({ servers: natsUrl });
const js = jetstream(connection);
process.send?.("ready");
await new Promise((resolve) => process.once("message", resolve));
await Promise.all(Array.from({ length: 256 }, (_, first) => publishFrom(first)));
process.send?.("done");

/** Every 256th task, one event after the other. */
async function publishFrom(first: number): Promise<void> {
  for (let number = first; number < tasks; number += 256) {
    for (const event of lifeOfTask(number)) {
      const lines = headers();
      lines.set("Content-Type", "application/cloudevents+json");
      lines.set("Nats-Msg-Id", event.id);
      await js.publish(subjectOf(event, root), JSON.stringify(event), { headers: lines });
    }
  }
}
