import { z } from "zod";
import type { Bed } from "../bed.ts";
import { atLeast, type Figure, type Quantity } from "../figure.ts";
import { cpuWhile } from "../processes.ts";
import type { RunningNode } from "../run-node.ts";
import { median, medianRatio } from "../statistics.ts";

const events = 60_000;
const rounds = 5;

const done = z.object({ events: z.number(), rows: z.number(), foldSeconds: z.number(), seconds: z.number() });
const about = z.object({ events: z.number(), bytes: z.number() });

interface Round {
  perSecond: number;
  withHash: number;
  cpu: Record<string, number>;
}

/** One state made anew: events a second, and microseconds of CPU an event by process. */
async function round(bed: Bed, program: RunningNode, what: What): Promise<Round> {
  const { pid } = await bed.postgres();
  let measured: z.output<typeof done> | undefined;
  const cpu = await cpuWhile({ node: program.pid, postgres: pid }, async () => {
    program.tell(what);
    measured = done.parse(await program.hear(120_000));
  });
  if (measured === undefined) throw new Error(`${what} said nothing`);
  const { events: folded, foldSeconds, seconds } = measured;
  return {
    perSecond: folded / foldSeconds,
    withHash: folded / seconds,
    cpu: Object.fromEntries(Object.entries(cpu).map(([name, used]) => [name, (used / folded) * 1e6])),
  };
}

type What = "conductor" | "tracker" | "decode";

/** All three one after the other, again and again; the first time is only to warm up. */
async function inTurns(bed: Bed, program: RunningNode): Promise<Record<What, Round[]>> {
  const all: Record<What, Round[]> = { conductor: [], tracker: [], decode: [] };
  for (let count = 0; count <= rounds; count += 1) {
    for (const what of ["conductor", "tracker", "decode"] as const) {
      const one = await round(bed, program, what);
      if (count > 0) all[what].push(one);
    }
  }
  return all;
}

/** A recorded log of runs of the default lifecycle → the state of the conductor in PostgreSQL, and the tracker's projections. */
export const rebuildRate: Figure = {
  id: "rebuild.rate",
  goal: [atLeast("value", 50_000)],
  measure: async (bed) => {
    const url = await bed.freshDatabase();
    const program = await bed.start("rebuild-states", [url, String(events)], { JACKFIELD_HOUSE: bed.house });
    try {
      const { bytes } = about.parse(await program.hear(120_000));
      const all = await inTurns(bed, program);
      return {
        value: median(all.conductor.map(({ perSecond }) => perSecond)),
        unit: "events/s",
        against: {
          name: "the same log, only decoded",
          value: median(all.decode.map(({ perSecond }) => perSecond)),
        },
        ratio: medianRatio(ratesOf(all.conductor), ratesOf(all.decode)),
        beside: {
          "bytes an event": { value: bytes, unit: "B" },
          "tracker's projections": { value: median(ratesOf(all.tracker)), unit: "events/s" },
          "conductor with its hash": {
            value: median(all.conductor.map(({ withHash }) => withHash)),
            unit: "events/s",
          },
          ...cpuOf("conductor", all.conductor),
          ...cpuOf("tracker", all.tracker),
          ...cpuOf("decode", all.decode),
        },
      };
    } finally {
      await program.stop();
      await bed.dropDatabase(url);
    }
  },
};

const ratesOf = (all: readonly Round[]): number[] => all.map(({ perSecond }) => perSecond);

const cpuOf = (what: string, all: readonly Round[]): Record<string, Quantity> =>
  Object.fromEntries(
    ["node", "postgres"].map((name) => [
      `CPU ${what} ${name}`,
      { value: median(all.map(({ cpu }) => cpu[name] ?? 0)), unit: "µs/event" },
    ]),
  );
