import { fastify } from "fastify";
import { openEvents } from "@jackfield/events/connection";
import { createPublisher } from "@jackfield/events/publish";
import { printPosition } from "@jackfield/spec/event/position";
import { cloudEvent } from "@jackfield/spec/event/envelope";
import { z } from "zod";

/**
 * Fastify and a publish, with nothing around it: what the gateway's door is compared with. One event or a list of them.
 *
 * node bare-door.mjs <port>
 */
const [port = "0"] = process.argv.slice(2);
const { JACKFIELD_NATS_URL: url = "", JACKFIELD_PREFIX: prefix } = process.env;
const events = await openEvents({ url, name: "bare-door", prefix });
const publisher = createPublisher(events);
const app = fastify({ bodyLimit: 4 * 1024 * 1024 });
const types = ["application/cloudevents+json", "application/cloudevents-batch+json"];
app.addContentTypeParser(types, { parseAs: "string" }, (_, body, done) =>
  done(null, JSON.parse(String(body))),
);
app.post("/v1/events", async (request, reply) => {
  const said = z.array(cloudEvent).parse([request.body].flat());
  const published = await Promise.all(said.map((event) => publisher.publish(event)));
  return reply.code(202).send(published.map(({ position }) => printPosition(position)));
});
await app.listen({ host: "127.0.0.1", port: Number(port) });
process.send?.("ready");
