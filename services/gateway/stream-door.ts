import type { FastifyInstance, FastifyRequest } from "fastify";
import { parseFilter } from "@jackfield/cesql/filter";
import { printJson } from "@jackfield/events/json-text";
import { Problem, reportOf } from "@jackfield/problem/problem";
import { parsePosition, positionText, type Position } from "@jackfield/spec/event/position";
import { streamEvents } from "@jackfield/spec/http/events";
import { Seats } from "./access/seats.ts";
import type { GatewayParts } from "./door-parts.ts";
import { EventSink } from "./event-sink.ts";
import { renders } from "./formats.ts";
import type { LiveLog } from "./live-log.ts";
import { parsed, serveRaw } from "./serve-route.ts";
import { Tail } from "./tail.ts";
import { start } from "./tail-plan.ts";

/** `GET /v1/events/stream`: server-sent events. */
export function serveStream(app: FastifyInstance, parts: GatewayParts): void {
  const { events, live, book, heartbeatMs, closing } = parts;
  const seats = new Seats(parts.mostStreams);
  serveRaw(app, streamEvents, async ({ query, request, reply }) => {
    const { caller } = request;
    const { filter, project, correlationid, format } = query;
    const wanted = {
      project,
      correlationid,
      filter: filter === undefined ? undefined : { text: filter, parsed: parseFilter(filter) },
    };
    const from = positionAsked(lastEventId(request) ?? query.from ?? "now", live);
    const leave = seats.take(caller.token);
    reply.hijack();
    const sink = new EventSink(reply.raw);
    if (caller.token !== undefined)
      book.whileInForce(caller.token, sink.signal).addEventListener("abort", () => sendAway(sink));
    const end = (): void => sink.end();
    closing.addEventListener("abort", end);
    try {
      const render = format === undefined || format === "cloudevents" ? undefined : renders[format];
      await new Tail({ events, live, sink, wanted, render, heartbeatMs }, from).run();
    } finally {
      closing.removeEventListener("abort", end);
      leave();
    }
    return reply;
  });
}

const sendAway = (sink: EventSink): void =>
  sink.endWith(
    "problem",
    printJson(
      reportOf(
        new Problem("E_TOKEN_SCOPE", "The token of this stream is in force no more.", {
          why: "it has ended, or was taken back",
          next: "come again with another token; Last-Event-ID goes on where this stream ended",
        }),
      ),
    ),
  );

/** What the reader has seen wins over what the address says, since a browser repeats the address when it comes back. */
function lastEventId({ headers }: FastifyRequest): string | undefined {
  const id = headers["last-event-id"];
  return typeof id === "string" && id !== "" ? parsed(positionText, id, "Last-Event-ID") : undefined;
}

export function positionAsked(from: string, live: LiveLog): Position {
  if (from === "start") return start;
  if (from !== "now") return parsePosition(from);
  if (live.held !== undefined) return live.held.end;
  throw new Problem("E_STORE_DOWN", "The gateway does not read the stream yet.", {
    why: "NATS is away, or there is no stream",
    next: "try again in a moment; jackfield doctor says what is wrong",
    retryAfterSeconds: 1,
  });
}
