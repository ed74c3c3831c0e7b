import { setTimeout as delay } from "node:timers/promises";
import { events } from "@jackfield/spec/ask/tracker";
import type { Query, Server } from "./server.ts";
import type { Place, Told } from "./told.ts";

const everyMs = 2_000;

/** The same by asking again and again: for networks that keep streams back until they end. */
export async function* pollEvents(
  server: Server,
  { query: { from, ...wanted }, place, signal }: { query: Query; place: Place; signal: AbortSignal },
): AsyncGenerator<Told, void> {
  while (!signal.aborted) {
    place.last ??= from === undefined || from === "now" ? await end(server) : String(from);
    const cursor = place.last === "start" ? undefined : place.last;
    const page = await server.get(events.answer, "/v1/events", { ...wanted, cursor, limit: 200 });
    place.heardMs = performance.now();
    for (const event of page.events) {
      const [before, now] = [place.last, event.position].map((position) => position.split("-")[0]);
      if (before !== now && before !== "start")
        yield { gap: `${place.last} to ${event.position}: the stream was made anew` };
      yield { event };
      place.last = event.position;
    }
    if (page.events.length === 0) await delay(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

async function end(server: Server): Promise<string> {
  const { events: last, position } = await server.get(events.answer, "/v1/events", {
    order: "newest",
    limit: 1,
  });
  return last[0]?.position ?? position ?? "start";
}
