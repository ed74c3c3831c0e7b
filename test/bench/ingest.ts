import { Agent, request } from "node:http";
import { text as textOf } from "node:stream/consumers";
import type { Bed } from "./bed.ts";
import type { Measured } from "./figure.ts";
import { Spine } from "./spine.ts";
import { medianRatio, median } from "./statistics.ts";

const connections = 64;
const rounds = 3;
/** With its attributes about 1 KB. */
const filler = "x".repeat(700);

interface Load {
  /** Requests of one round. */
  requests: number;
  /** Events of one request. */
  events: number;
}

/** Events a second through the gateway's door, each answered once the stream has it; against Fastify and the same publish. */
export async function measureIngest(bed: Bed, load: Load): Promise<Measured> {
  await using spine = await Spine.open(bed, await bed.nats(), { concurrency: 1 });
  const doors = { ours: await spine.startDoor("gateway"), bare: await spine.startDoor("bare") };
  const rates = { ours: [] as number[], bare: [] as number[] };
  for (let round = 0; round <= rounds; round += 1) {
    for (const which of ["ours", "bare"] as const) {
      const rate = await ingest(doors[which], load, `${which}-${round}`);
      await spine.trackerHasAll();
      // The first round is for Node, which compiles.
      if (round > 0) rates[which].push(rate);
      bed.say(`  round ${round}: ${which} ${rate.toFixed(0)} events/s`);
    }
  }
  const value = median(rates.ours);
  return {
    value,
    unit: "events/s",
    against: { name: "Fastify and the same publish", value: median(rates.bare) },
    ratio: medianRatio(rates.ours, rates.bare),
    beside: { slowest: { value: Math.min(...rates.ours), unit: "events/s" } },
  };
}

async function ingest(url: string, { requests, events }: Load, name: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let left = requests;
  const oneAfterTheOther = async (): Promise<void> => {
    while ((left -= 1) >= 0) await post(url, agent, bodyOf(`${name}-${left}`, events));
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: connections }, oneAfterTheOther));
  const seconds = (performance.now() - began) / 1_000;
  agent.destroy();
  return (requests * events) / seconds;
}

function bodyOf(id: string, events: number): { type: string; text: string } {
  const event = (number: number) => ({
    specversion: "1.0",
    id: `${id}-${number}`,
    source: "/bench/sensor",
    type: "com.example.measured",
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    project: "bench",
    data: { filler, number },
  });
  if (events === 1) return { type: "application/cloudevents+json", text: JSON.stringify(event(0)) };
  const list = Array.from({ length: events }, (_, number) => event(number));
  return { type: "application/cloudevents-batch+json", text: JSON.stringify(list) };
}

async function post(
  url: string,
  agent: Agent,
  { type, text }: { type: string; text: string },
): Promise<void> {
  const { status, said } = await new Promise<{ status: number; said: string }>((resolve, reject) => {
    const asked = request(url, { method: "POST", agent, headers: { "content-type": type } }, (response) => {
      textOf(response).then((said) => resolve({ status: response.statusCode ?? 0, said }), reject);
    });
    asked.on("error", reject);
    asked.end(text);
  });
  if (status !== 202) throw new Error(`${url} answered ${status}: ${said}`);
}
