import { setTimeout as delay } from "node:timers/promises";

/** A server of ours, as both embedded ones are started. */
export interface Server {
  url: string;
  port: number;
  pid: number;
  version: string;
  exited: Promise<number>;
  stop: () => Promise<void>;
}

export interface KeptServer<Kind extends Server> {
  current(): Kind;
  stop: () => Promise<void>;
}

/**
 * Starts a server, and starts it again on the same port whenever it ends by itself: killed, out of memory, crashed.
 * Clients reconnect, so nobody has to do anything. `start` is given the port of the first time.
 */
export async function keepServer<Kind extends Server>(
  start: (port: number | undefined) => Promise<Kind>,
  { log, changed }: { log: (what: string) => void; changed: () => void },
): Promise<KeptServer<Kind>> {
  let current = await start(undefined);
  let stopping = false;
  const watch = async (): Promise<void> => {
    for (;;) {
      const code = await current.exited;
      if (stopping) return;
      log(`ended with exit code ${code}; starting it again`);
      current = await startAgain(current.port);
      changed();
    }
  };
  const startAgain = async (port: number): Promise<Kind> => {
    for (;;) {
      try {
        return await start(port);
      } catch (error) {
        log(`could not be started: ${String(error)}`);
        await delay(1_000);
        if (stopping) throw error;
      }
    }
  };
  const watching = watch().catch(() => undefined);
  return {
    current: () => current,
    stop: async () => {
      stopping = true;
      await current.stop();
      // One that came up while we stopped is stopped, too; an adopted one never tells of its end.
      await Promise.race([watching, delay(100)]);
      await current.stop();
    },
  };
}
