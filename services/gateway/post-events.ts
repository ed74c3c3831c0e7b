import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { printJson } from "@jackfield/events/json-text";
import type { Published } from "@jackfield/events/publish";
import { asProblem, Problem } from "@jackfield/problem/problem";
import { comparePositions, parsePosition, printPosition } from "@jackfield/spec/event/position";
import { postEvents, type acceptedEvent } from "@jackfield/spec/http/events";
import type { z } from "zod";
import { spokenBy } from "./access/spoken.ts";
import type { GatewayParts } from "./door-parts.ts";
import type { Outside } from "./event-from-outside.ts";
import { withRequests } from "./keptn-requests.ts";
import { atIndex, readPosted, type Posted } from "./read-posted.ts";
import { serveRaw } from "./serve-route.ts";

type Accepted = z.input<typeof acceptedEvent>;

const publishWithinMs = 5_000;

/** `POST /v1/events`: 202 once the stream has them. */
export function servePostEvents(app: FastifyInstance, parts: GatewayParts): void {
  const ownerOf = (source: string): string | undefined => parts.book.ownerOf(source);
  serveRaw(app, postEvents, async ({ query, request, reply }) => {
    const { caller } = request;
    const sent = await read(posted(request), caller.source, parts);
    const { batch, events } = query.dialect === "keptn" ? withRequests(sent.events, parts.contracts) : sent;
    const spoken = events.map((one, index) => {
      try {
        return spokenBy(caller, one, ownerOf);
      } catch (thrown) {
        throw batch ? atIndex(asProblem(thrown), index) : thrown;
      }
    });
    const accepted = await Promise.all(
      spoken.map((one, index) =>
        take(one, parts).catch((thrown: unknown) => {
          throw batch && thrown instanceof Problem && thrown.code === "E_CONFLICT"
            ? atIndex(thrown, index)
            : thrown;
        }),
      ),
    );
    return reply
      .header("content-type", "application/json")
      .send(printJson(batch ? accepted : (accepted[0] ?? null)));
  });
}

/** A word that nobody knows may be one that was published just now. */
async function read(
  body: Posted,
  source: string | undefined,
  { contracts }: GatewayParts,
): Promise<ReturnType<typeof readPosted>> {
  const draw = () => ({ time: new Date().toISOString(), drawnId: randomUUID(), source });
  try {
    return readPosted(body, contracts.types, draw);
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.here?.endsWith("/type") !== true) throw thrown;
    const known = contracts.types;
    await contracts.refresh();
    if (contracts.types === known) throw thrown;
    return readPosted(body, contracts.types, draw);
  }
}

const posted = ({ body, headers, raw }: FastifyRequest): Posted => ({
  body: Buffer.isBuffer(body) ? body : new Uint8Array(),
  headers,
  lines: raw.headersDistinct,
});

async function take(one: Outside, parts: GatewayParts): Promise<Accepted> {
  const { event } = one;
  const heard = parts.asked.listens.ask(event);
  const published = await parts.publisher.publish(event, { deadlineMs: publishWithinMs });
  const [earlier, listening] = await Promise.all([earlierOf(one, published, parts), heard]);
  return {
    id: event.id,
    type: event.type,
    position: earlier ?? printPosition(published.position),
    duplicate: published.duplicate || earlier !== undefined,
    ...listening,
  };
}

/**
 * The server only knows the repeats of the last two minutes; the tracker knows all. Where the log had the same event
 * before → its position. When the tracker is silent nobody can tell, and the event counts as new.
 * @throws Problem E_CONFLICT when the log holds other content under this key.
 */
async function earlierOf(
  { event, digest }: Outside,
  { position, duplicate }: Published,
  { asked }: GatewayParts,
): Promise<string | undefined> {
  if (duplicate) return undefined;
  const { project, source, type, id } = event;
  const key = { ...(project !== undefined && { project }), source, type, id };
  const known = await asked.keys.ask({ key, position });
  if (known?.position === undefined || comparePositions(parsePosition(known.position), position) >= 0)
    return undefined;
  if (known.digest === digest) return known.position;
  throw new Problem("E_CONFLICT", `There is another event ${id} of ${source}.`, {
    why: `The first one stands at ${known.position} with ${known.digest ?? "another digest"}; this one has ${digest} and is in quarantine at ${printPosition(position)}.`,
    here: "/id",
    next: "send it with an id of its own; GET /v1/withheld shows what was kept aside",
  });
}
