import { Agent, get, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { openBed, type Bed } from "./fixture/bed.ts";

const nats = natsForThisFile();
const many = 500;
const said = Array.from({ length: 10 }, (_, n) => `e${n}`);

let bed: Bed;
const agent = new Agent({ maxSockets: many });

beforeAll(async () => {
  bed = await openBed({ natsUrl: nats.url, prefix: prefix(), freshDatabase });
  await until("the gateway reads", async () => (await bed.call("/readyz")).status === 200);
});
afterAll(async () => {
  agent.destroy();
  await bed[Symbol.asyncDispose]();
});

/** One reader of the stream: the ids that it was told, in its order. */
async function tail(): Promise<{ told: string[]; close(): void }> {
  const told: string[] = [];
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${bed.url}/v1/events/stream?from=now&filter=com.example.*`, { agent }, resolve).on("error", reject);
  });
  let text = "";
  const begun = new Promise<void>((resolve) => {
    response.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      resolve();
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const id = /"id":"(e\d+)"/.exec(text.slice(0, end))?.[1];
        if (id !== undefined) told.push(id);
        text = text.slice(end + 2);
      }
    });
  });
  response.on("error", () => undefined);
  // The first heartbeat says that it listens.
  await begun;
  return { told, close: () => response.destroy() };
}

const consumers = async (): Promise<number> => {
  const { state } = await bed.events.manager.streams.info(bed.events.stream);
  return state.consumer_count;
};

test("500 tails are served by the one reader of the gateway: each event to each, in order, in little memory", async () => {
  const [consumersBefore, bytesBefore] = [await consumers(), process.memoryUsage().rss];
  const tails = await Promise.all(Array.from({ length: many }, tail));
  for (const id of said) {
    const event = { specversion: "1.0" as const, id, source: "/ci/story", type: "com.example.said" };
    await bed.publisher.publish({ ...event, data: "x".repeat(1_000) });
  }
  await until("the slowest has all", () => tails.every(({ told }) => told.length === said.length), {
    withinMs: 25_000,
  });
  for (const { told } of tails) expect(told).toEqual(said);
  expect(await consumers()).toBe(consumersBefore);
  // Both ends of each connection are in this process.
  expect((process.memoryUsage().rss - bytesBefore) / many / 1024).toBeLessThan(400);
  for (const { close } of tails) close();
  expect((await bed.call("/readyz")).status).toBe(200);
}, 60_000);
