import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { until } from "../../test/bed/until.ts";
import { EventSink } from "./event-sink.ts";

let server: Server;
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

/** A sink and its reader, which takes nothing until it is resumed. */
async function connected(stalledMs: number): Promise<{ sink: EventSink; reader: IncomingMessage }> {
  let sink: EventSink | undefined;
  server = createServer((_request, response) => (sink = new EventSink(response, { stalledMs }))).listen(0);
  // It listens on a port, so its address is no path.
  const { port } = server.address() as AddressInfo;
  const reader = await new Promise<IncomingMessage>((resolve) => {
    get({ port, host: "127.0.0.1" }, resolve);
    void until("the request came", () => sink?.send("hello", "1", "{}"));
  });
  reader.pause();
  reader.on("error", () => undefined);
  return { sink: await until("the sink is there", () => sink), reader };
}

const large = "x".repeat(64 * 1024);

/** Sends until the reader is behind; answers with how many were sent. */
async function fill(sink: EventSink): Promise<number> {
  let sent = 0;
  while (!sink.busy && !sink.signal.aborted && sent < 2_000) {
    void sink.send("cloudevent", "1", large);
    await new Promise((resolve) => setImmediate(resolve));
    sent += 1;
  }
  return sent;
}

test("a slow reader keeps no more than one event waiting, and gets the rest when it reads on", async () => {
  const { sink, reader } = await connected(10_000);
  expect(await fill(sink)).toBeLessThan(2_000);
  let told = false;
  const next = sink.send("cloudevent", "2", "the last").then(() => (told = true));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(told).toBe(false);
  let text = "";
  reader.setEncoding("utf8").on("data", (piece: string) => (text = text.slice(-100) + piece));
  reader.resume();
  await next;
  await until("the last one came", () => text.includes("the last"));
});

test("a reader that takes nothing for too long is ended", async () => {
  const { sink } = await connected(60);
  await fill(sink);
  await until("it is ended", () => sink.signal.aborted, { withinMs: 2_000 });
});
