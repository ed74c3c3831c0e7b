import { setTimeout as delay } from "node:timers/promises";
import { openEvents } from "@jackfield/events/connection";
import { ensureStream } from "@jackfield/events/stream";
import { prepareDatabase } from "@jackfield/postgres/prepare";
import pg from "pg";
import { z } from "zod";
import type { Bed } from "../bed.ts";
import { atLeast, atMost, type Figure, type Quantity } from "../figure.ts";
import { cpuWhile } from "../processes.ts";
import type { RunningNode } from "../run-node.ts";
import { median, medianRatio } from "../statistics.ts";

/** Both sides run so many events first: a service is measured as it runs, not while Node compiles it. */
const warmUp = 15_000;
const events = warmUp + 25_000;
const rounds = 7;

interface Round {
  perSecond: number;
  /** Microseconds of CPU an event, by process. */
  cpu: Record<string, number>;
  /** Events that were not persisted yet when the last one was published. */
  lag: number;
}

/** Who persists: how it is started on a stream and a database until it reads, and where it keeps its position. */
interface Persister {
  position: string;
  start(bed: Bed, place: { prefix: string; natsUrl: string; databaseUrl: string }): Promise<RunningNode>;
}

const tracker: Persister = {
  position: "tracker.position",
  start: async (bed, { prefix, natsUrl, databaseUrl }) => {
    const urls = await prepareDatabase({ adminUrl: databaseUrl, services: ["tracker"] });
    const process = await bed.start("dist/deploy/run-service.mjs", ["tracker"], {
      JACKFIELD_NATS_URL: natsUrl,
      JACKFIELD_PREFIX: prefix,
      JACKFIELD_POSTGRES_URL: urls["tracker"] ?? "",
    });
    const { health } = z.object({ health: z.string() }).parse(await process.hear());
    await untilReady(health);
    return process;
  },
};

const bareLoop: Persister = {
  position: "position",
  start: async (bed, { prefix, natsUrl, databaseUrl }) => {
    const process = await bed.start("bare-tracker", [natsUrl, `${prefix}_EVENTS`, databaseUrl]);
    await process.hear();
    return process;
  },
};

/** One round on a stream and a database of its own: from the end of the warm-up until the last event is persisted. */
async function round(bed: Bed, { start, position }: Persister): Promise<Round> {
  const [nats, postgres] = await Promise.all([bed.nats(), bed.postgres()]);
  const prefix = bed.word();
  const databaseUrl = await bed.freshDatabase();
  await using stream = await openEvents({ url: nats.url, name: "bench", prefix });
  await ensureStream(stream, { maxBytes: 1024 ** 3 });
  const persister = await start(bed, { prefix, natsUrl: nats.url, databaseUrl });
  const publisher = await bed.start("publish-life", [nats.url, `${prefix}.evt`, String(events)]);
  await publisher.hear();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const pids = { persister: persister.pid, postgres: postgres.pid, nats: nats.pid, publisher: publisher.pid };
  try {
    publisher.tell("go");
    const warm = await untilPersisted(client, position, warmUp);
    const began = performance.now();
    let lag = 0;
    const cpu = await cpuWhile(pids, async () => {
      await publisher.hear(120_000);
      lag = events - (await persisted(client, position));
      await untilPersisted(client, position, events);
    });
    const seconds = (performance.now() - began) / 1_000;
    const measured = events - warm;
    const perEvent = Object.entries(cpu).map(([name, used]) => [name, (used / measured) * 1e6]);
    return { perSecond: measured / seconds, lag, cpu: Object.fromEntries(perEvent) as Round["cpu"] };
  } finally {
    await client.end();
    await Promise.all([publisher.stop(), persister.stop()]);
    await stream.manager.streams.delete(stream.stream);
    await bed.dropDatabase(databaseUrl);
  }
}

async function untilReady(health: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await fetch(`${health}/readyz`)).ok) {
    if (performance.now() > deadline) throw new Error("the tracker does not become ready");
    await delay(20);
  }
}

async function persisted(client: pg.Client, position: string): Promise<number> {
  const { rows } = await client.query<{ sequence: string }>(`select sequence from ${position}`);
  return Number(rows[0]?.sequence ?? 0);
}

async function untilPersisted(client: pg.Client, position: string, wanted: number): Promise<number> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const done = await persisted(client, position);
    if (done >= wanted) return done;
    if (performance.now() > deadline) throw new Error(`only ${done} of ${wanted} were persisted`);
    await delay(5);
  }
}

/** The persister's own cost: its process and what PostgreSQL does for it. */
const costOf = ({ cpu }: Round): number => (cpu["persister"] ?? 0) + (cpu["postgres"] ?? 0);

const rates = (done: readonly Round[]): number[] => done.map(({ perSecond }) => perSecond);

function byProcess(name: string, done: readonly Round[]): Record<string, Quantity> {
  const processes = Object.keys(done[0]?.cpu ?? {});
  return Object.fromEntries(
    processes.map((process) => [
      `CPU per event, ${name}: ${process}`,
      { value: median(done.map(({ cpu }) => cpu[process] ?? 0)), unit: "µs" },
    ]),
  );
}

/** Events persisted while they are published, by the real service on real servers, and by a bare loop in turns. */
export const trackerLive: Figure = {
  id: "tracker.live",
  goal: [atLeast("ratio", 0.9), atMost("CPU ratio", 1.5)],
  measure: async (bed) => {
    const ours: Round[] = [];
    const bare: Round[] = [];
    for (let count = 1; count <= rounds; count += 1) {
      ours.push(await round(bed, tracker));
      bare.push(await round(bed, bareLoop));
      bed.say(
        `  round ${count}: ${rates(ours).at(-1)?.toFixed(0)} and ${rates(bare).at(-1)?.toFixed(0)} events/s`,
      );
    }
    return {
      value: median(rates(ours)),
      unit: "events/s",
      against: { name: "a bare stream → PostgreSQL loop", value: median(rates(bare)) },
      ratio: medianRatio(rates(ours), rates(bare)),
      beside: {
        "lag when publishing ended, ours": { value: median(ours.map(({ lag }) => lag)), unit: "events" },
        "lag when publishing ended, bare": { value: median(bare.map(({ lag }) => lag)), unit: "events" },
        "CPU ratio": { value: medianRatio(ours.map(costOf), bare.map(costOf)), unit: "×" },
        ...byProcess("ours", ours),
        ...byProcess("bare", bare),
      },
    };
  },
};
