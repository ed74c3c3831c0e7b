import { join } from "node:path";
import { z } from "zod";
import type { Bed } from "./bed.ts";

/** All services, or only the two servers that they stand on. */
export type Which = "all" | "servers";

export interface RunningUp {
  pid: number;
  /** From the spawn of the process until it says that it is up. */
  readySeconds: number;
  natsUrl: string;
  /** The path of an administrator's credential. */
  natsCreds: string;
  /** The superuser's. */
  postgresUrl: string;
  stop(): Promise<void>;
}

const server = z.object({ url: z.string() });
const said = z.object({
  run: z.object({ nats: server.extend({ creds: z.string() }), postgres: server }),
  notReady: z.array(z.string()),
});

/** Starts the production build in a folder, everything in one process, and waits until it is up. */
export async function startUp(
  bed: Bed,
  { folder, which }: { folder: string; which: Which },
): Promise<RunningUp> {
  const launcher = join(bed.house, "dist/deploy/launcher.mjs");
  const began = performance.now();
  const process = await bed.start("up", [launcher, folder, ...(which === "servers" ? [""] : [])]);
  const { run, notReady } = said.parse(await process.hear(60_000));
  const readySeconds = (performance.now() - began) / 1_000;
  for (const line of notReady) bed.say(`  not ready: ${line}`);
  return {
    pid: process.pid,
    readySeconds,
    natsUrl: run.nats.url,
    natsCreds: run.nats.creds,
    postgresUrl: run.postgres.url,
    stop: process.stop,
  };
}
