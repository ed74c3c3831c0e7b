import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { Problem, problemFrom } from "@jackfield/problem/problem";
import { problemReport } from "@jackfield/spec/event/problem";
import { loggedEvent } from "@jackfield/spec/ask/tracker";
import type { Query, Server } from "./server.ts";

export type LoggedEvent = z.output<typeof loggedEvent>;

/** What the live tail says: an event, or that some are not there any more. */
export type Told = { event: LoggedEvent } | { gap: string };

/** One message of a server-sent event stream. @see HTML Living Standard, 9.2 Server-sent events. */
interface Message {
  name: string;
  id: string | undefined;
  data: string;
}

const longestPauseMs = 2_000;

/** Follows the stream for as long as the signal lets it; a broken connection goes on after the last position. */
export async function* followEvents(
  server: Server,
  query: Query,
  signal: AbortSignal,
): AsyncGenerator<Told, void> {
  const place: { last?: string } = {};
  for (let failures = 0; !signal.aborted;) {
    try {
      for await (const told of oneConnection(server, { query, place, signal })) {
        failures = 0;
        yield told;
      }
    } catch (thrown) {
      if (isAborted(signal)) return;
      failures += 1;
      if (failures > 5 || !mayPass(thrown)) throw thrown;
    }
    await delay(Math.min(100 * 2 ** failures, longestPauseMs), undefined, { signal }).catch(() => undefined);
  }
}

/** The signal changes while others work, which the compiler cannot see. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** The server going away in the middle of a body is a TypeError of fetch. */
const mayPass = (thrown: unknown): boolean =>
  thrown instanceof TypeError || (thrown instanceof Problem && thrown.retriable);

interface Following {
  query: Query;
  /** Where the next connection goes on. */
  place: { last?: string };
  signal: AbortSignal;
}

async function* oneConnection(
  server: Server,
  { query, place, signal }: Following,
): AsyncGenerator<Told, void> {
  const response = await server.ask("/v1/events/stream", {
    query,
    signal,
    headers: {
      accept: "text/event-stream",
      ...(place.last !== undefined && { "last-event-id": place.last }),
    },
  });
  if (response.body === null) return;
  for await (const { name, id, data } of messages(response.body)) {
    if (name === "problem") throw problemFrom(problemReport.parse(JSON.parse(data)));
    if (name === "gap") yield { gap: gapWords(data) };
    if (name === "cloudevent") yield { event: loggedEvent.parse(JSON.parse(data)) };
    // Only what was handed on counts as seen.
    if (id !== undefined) place.last = id;
  }
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
