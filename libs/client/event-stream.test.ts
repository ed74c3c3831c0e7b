import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { followEvents, messageIn, type Patience } from "./event-stream.ts";
import { openServer, type Query } from "./server.ts";

const event = (count: number): string =>
  JSON.stringify({
    position: `1-${count}`,
    at: "2026-01-01T00:00:00Z",
    event: { specversion: "1.0", id: `e${count}`, source: "/s", type: "com.example.t" },
  });

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function door(answer: Answer): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A door that breaks after each answer; what it sends depends on what the reader has seen. */
const breakingDoor = (answer: (last: string | undefined, to: ServerResponse) => void): Promise<string> =>
  door((request, response) => {
    const last = request.headers["last-event-id"];
    response.writeHead(200, { "content-type": "text/event-stream" });
    answer(typeof last === "string" ? last : undefined, response);
  });

interface Telling {
  count: number;
  patience?: Patience;
  query?: Query;
  told?: string[];
}

/** The next things that a reader is told: ids of events, and what stands between them. */
async function tell(url: string, { count, patience, query = {}, told = [] }: Telling): Promise<string[]> {
  const stop = new AbortController();
  const server = openServer({ url, from: "this test" }, { signal: stop.signal });
  for await (const one of followEvents(server, query, stop.signal, patience)) {
    told.push("event" in one ? one.event.event.id : Object.values(one).join());
    if (told.length === count) stop.abort();
  }
  return told;
}

test("a broken stream goes on after the last event that was seen, and says what is missing", async () => {
  const seen: (string | undefined)[] = [];
  const url = await breakingDoor((last, response) => {
    seen.push(last);
    if (last === undefined) {
      response.write(`id: 1-1\nevent: cloudevent\ndata: ${event(1)}\n\n`);
      // Half a message: it must not count as seen.
      response.write(`id: 1-2\nevent: cloudevent\ndata: {"posi`, () => response.destroy());
    } else if (last === "1-1") {
      const gap = JSON.stringify({ from: "1-2", to: "1-4", why: "lost" });
      response.end(`id: 1-4\nevent: gap\ndata: ${gap}\n\nid: 1-5\nevent: heartbeat\ndata: {}\n\n`);
    } else response.end(`id: 1-6\nevent: cloudevent\ndata: ${event(6)}\n\n`);
  });
  const told = await tell(url, { count: 3 });
  expect(told).toEqual(["e1", "1-2 to 1-4: lost", "e6"]);
  expect(seen.slice(0, 3)).toEqual([undefined, "1-1", "1-5"]);
});

test("where streams are kept back the same events come by asking again and again, with gaps told", async () => {
  const pages: string[] = [];
  const url = await door((request, response) => {
    const asked = new URL(request.url ?? "", "http://here");
    if (asked.pathname.endsWith("/stream")) {
      // A proxy that gives its body when it is whole, which it never is.
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      return;
    }
    pages.push(asked.searchParams.get("cursor") ?? "none");
    const found = [
      ...(pages.length === 1 ? [event(1), event(2)] : []),
      ...(pages.length === 2 ? [renewed] : []),
    ];
    response.writeHead(200, { "content-type": "application/json" }).end(`{"events":[${found.join(",")}]}`);
  });
  const renewed = event(1).replace('"1-1"', '"2-1"').replace('"e1"', '"e3"');
  const patience = { awayMs: 5_000, firstWordMs: 50, silentMs: 5_000 };
  expect(await tell(url, { count: 4, patience, query: { from: "1-0" } })).toEqual([
    "e1",
    "e2",
    "1-2 to 2-1: the stream was made anew",
    "e3",
  ]);
  expect(pages).toEqual(["1-0", "1-2"]);
});

test("a server that stays away is told of once, then given up", async () => {
  let calls = 0;
  const url = await door((_, response) => {
    calls += 1;
    if (calls > 1) response.destroy();
    else response.end(`id: 1-1\nevent: cloudevent\ndata: ${event(1)}\n\n`);
  });
  const told: string[] = [];
  const patience = { awayMs: 2_500, firstWordMs: 5_000, silentMs: 5_000 };
  await expect(tell(url, { count: 9, patience, told })).rejects.toThrow(/No Jackfield answers/);
  expect(told).toEqual(["e1", expect.stringMatching(/^No Jackfield answers at .*; trying again$/)]);
});

test("a message is read by its fields, with data over several lines", () => {
  expect(messageIn(": comment\r\nid: 7\r\ndata: a\r\ndata:b")).toEqual({
    name: "message",
    id: "7",
    data: "a\nb",
  });
});
