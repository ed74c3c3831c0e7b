import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { asProblem, Problem, problemFrom } from "@jackfield/problem/problem";
import { problemReport } from "@jackfield/spec/event/problem";
import { loggedEvent } from "@jackfield/spec/ask/tracker";
import { pollEvents } from "./poll-events.ts";
import type { Query, Server } from "./server.ts";
import type { Place, Told } from "./told.ts";

/** One message of a server-sent event stream. @see HTML Living Standard, 9.2 Server-sent events. */
interface Message {
  name: string;
  id: string | undefined;
  data: string;
}

export interface Patience {
  /** So long may the server be away in the middle. */
  awayMs: number;
  /** The first word comes at once; when it does not, something between keeps the stream back. */
  firstWordMs: number;
  /** There is a heartbeat every 15 s: a connection that is silent for longer is dead. */
  silentMs: number;
}

const usual: Patience = { awayMs: 120_000, firstWordMs: 10_000, silentMs: 45_000 };
const longestPauseMs = 2_000;
/** After so many attempts people are told. */
const tellAfter = 3;

/** Follows the stream for as long as the signal lets it; a broken connection goes on after the last position. */
export async function* followEvents(
  server: Server,
  query: Query,
  signal: AbortSignal,
  patience: Patience = usual,
): AsyncGenerator<Told, void> {
  const place: Place = { heardMs: performance.now() };
  for (let failures = 0; !signal.aborted;) {
    const heardMs = place.heardMs;
    try {
      if (place.polls === true) yield* pollEvents(server, { query, place, signal });
      else yield* oneConnection(server, { query, place, signal, patience });
    } catch (thrown) {
      if (isAborted(signal)) return;
      if (!mayPass(thrown) || performance.now() - place.heardMs > patience.awayMs) throw thrown;
      failures = place.heardMs === heardMs ? failures + 1 : 1;
      if (failures === tellAfter) yield { away: `${asProblem(thrown).message}; trying again` };
    }
    await delay(Math.min(100 * 2 ** failures, longestPauseMs), undefined, { signal }).catch(() => undefined);
  }
}

/** The signal changes while others work, which the compiler cannot see. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** The server going away in the middle of a body is a TypeError of fetch. */
const mayPass = (thrown: unknown): boolean =>
  thrown instanceof TypeError || thrown instanceof Silent || (thrown instanceof Problem && thrown.retriable);

/** Nothing came for too long. */
class Silent extends Error {}

interface Following {
  query: Query;
  place: Place;
  signal: AbortSignal;
  patience: Patience;
}

async function* oneConnection(
  server: Server,
  { query, place, signal, patience }: Following,
): AsyncGenerator<Told, void> {
  const watchdog = new AbortController();
  const bark = (): void => watchdog.abort(new Silent("the stream is silent"));
  let timer = setTimeout(bark, patience.firstWordMs);
  let heard = false;
  try {
    const response = await server.ask("/v1/events/stream", {
      query,
      signal: AbortSignal.any([signal, watchdog.signal]),
      headers: {
        accept: "text/event-stream",
        ...(place.last !== undefined && { "last-event-id": place.last }),
      },
    });
    if (response.body === null) return;
    for await (const message of messages(response.body)) {
      clearTimeout(timer);
      timer = setTimeout(bark, patience.silentMs);
      heard = true;
      place.heardMs = performance.now();
      yield* toldBy(message);
      // Only what was handed on counts as seen.
      if (message.id !== undefined) place.last = message.id;
    }
  } catch (thrown) {
    if (!watchdog.signal.aborted) throw thrown;
    if (!heard) place.polls = true;
    throw watchdog.signal.reason;
  } finally {
    clearTimeout(timer);
    watchdog.abort();
  }
}

function toldBy({ name, data }: Message): Told[] {
  if (name === "problem") throw problemFrom(problemReport.parse(JSON.parse(data)));
  if (name === "gap") return [{ gap: gapWords(data) }];
  return name === "cloudevent" ? [{ event: loggedEvent.parse(JSON.parse(data)) }] : [];
}

const gap = z.object({ from: z.string(), to: z.string(), why: z.string() });

function gapWords(data: string): string {
  const { from, to, why } = gap.parse(JSON.parse(data));
  return `${from} to ${to}: ${why}`;
}

async function* messages(body: AsyncIterable<Uint8Array>): AsyncGenerator<Message, void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const parts = text.split(/\r?\n\r?\n/);
    text = parts.pop() ?? "";
    yield* parts.map(messageIn);
  }
}

export function messageIn(block: string): Message {
  const fields = block.split(/\r?\n/).flatMap((line) => {
    const [, name, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [{ name, value }];
  });
  const of = (name: string): string[] =>
    fields.flatMap((field) => (field.name === name ? [field.value] : []));
  return { name: of("event").at(-1) ?? "message", id: of("id").at(-1), data: of("data").join("\n") };
}
