import { groupMemory, signalGroup } from "./process-group.ts";

export interface CommandLimits {
  /** Seconds until SIGTERM; none when absent. */
  seconds?: number;
  /** Memory of the whole process group; none when absent; not watched where there is no /proc. */
  memoryBytes?: number;
  /** Between SIGTERM and SIGKILL: 10 unless said. */
  graceSeconds?: number;
}

export type KilledBy = "timeout" | "memory" | "cancel";

export interface Watch {
  /** Who made the command end; empty when it ended by itself. */
  verdict(): { killedBy?: KilledBy };
  stop(): void;
}

const memoryEveryMs = 250;

/**
 * Ends a group that takes too long, takes too much memory, or is cancelled.
 * Time and cancel: SIGTERM, after the grace time SIGKILL. Memory: SIGKILL at once, because the machine is at stake.
 */
export function watchLimits(leader: number | undefined, limits: CommandLimits, signal?: AbortSignal): Watch {
  let killedBy: KilledBy | undefined;
  const timers: NodeJS.Timeout[] = [];

  const end = (by: KilledBy): void => {
    if (killedBy !== undefined || leader === undefined) return;
    // Who was gone before the signal came ended by itself.
    if (!signalGroup(leader, by === "memory" ? "SIGKILL" : "SIGTERM")) return;
    killedBy = by;
    timers.push(setTimeout(() => signalGroup(leader, "SIGKILL"), (limits.graceSeconds ?? 10) * 1000));
  };
  const cancel = (): void => {
    end("cancel");
  };
  if (limits.seconds !== undefined) timers.push(setTimeout(end, limits.seconds * 1000, "timeout"));
  if (limits.memoryBytes !== undefined && leader !== undefined) {
    const allowed = limits.memoryBytes;
    const look = async (): Promise<void> => {
      if (((await groupMemory(leader, allowed)) ?? 0) > allowed) end("memory");
    };
    timers.push(setInterval(() => void look(), memoryEveryMs));
  }
  if (signal?.aborted === true) cancel();
  signal?.addEventListener("abort", cancel, { once: true });

  return {
    verdict: () => (killedBy === undefined ? {} : { killedBy }),
    stop() {
      // A timer and an interval are stopped by the same call.
      timers.forEach(clearTimeout);
      signal?.removeEventListener("abort", cancel);
    },
  };
}
