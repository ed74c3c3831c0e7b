import { memoryOf } from "./processes.ts";
import type { Spine } from "./spine.ts";

/** What a run over many items took. */
export interface WideRun {
  seconds: number;
  /** µs of CPU an event, by process. */
  cpu: Record<string, number>;
  /** The most memory that the conductor held while it went on, MB. */
  peakMb: number;
}

/** As many as the handler of a wide run works on at once. */
export const wideSlots = { concurrency: 256 };

/** One run of this workflow, from the request until its end is read and the tracker has everything. */
export async function runWide(spine: Spine, workflow: Parameters<Spine["run"]>[0]): Promise<WideRun> {
  let peakMb = 0;
  const look = async (): Promise<void> => {
    peakMb = Math.max(peakMb, (await memoryOf(spine.services.get("conductor")?.pid ?? 0)).rss);
  };
  const looking = setInterval(() => void look(), 200);
  const began = performance.now();
  const cpu = await spine.cpuPerEvent(() => spine.run(workflow, 3_600_000));
  clearInterval(looking);
  return { seconds: (performance.now() - began) / 1_000, cpu, peakMb };
}

/** All processes together, but the one that asks and measures. */
export const costOf = ({ cpu }: WideRun): number =>
  Object.entries(cpu).reduce((sum, [process, used]) => sum + (process === "client" ? 0 : used), 0);
