import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { followEvents, messageIn } from "./event-stream.ts";
import { openServer } from "./server.ts";

const event = (count: number): string =>
  JSON.stringify({
    position: `1-${count}`,
    at: "2026-01-01T00:00:00Z",
    event: { specversion: "1.0", id: `e${count}`, source: "/s", type: "com.example.t" },
  });

/** A door that breaks after each answer; what it sends depends on what the reader has seen. */
async function breakingDoor(answer: (last: string | undefined, to: ServerResponse) => void): Promise<string> {
  const server = createServer((request, response) => {
    const last = request.headers["last-event-id"];
    response.writeHead(200, { "content-type": "text/event-stream" });
    answer(typeof last === "string" ? last : undefined, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
  const stop = new AbortController();
  const server = openServer({ url, from: "this test" }, { signal: stop.signal });
  const told: string[] = [];
  for await (const one of followEvents(server, {}, stop.signal)) {
    told.push("gap" in one ? one.gap : one.event.event.id);
    if (told.length === 3) stop.abort();
  }
  expect(told).toEqual(["e1", "1-2 to 1-4: lost", "e6"]);
  expect(seen.slice(0, 3)).toEqual([undefined, "1-1", "1-5"]);
});

test("a message is read by its fields, with data over several lines", () => {
  expect(messageIn(": comment\r\nid: 7\r\ndata: a\r\ndata:b")).toEqual({
    name: "message",
    id: "7",
    data: "a\nb",
  });
});
