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
  let restart: Promise<void> = Promise.resolve();
  const stopping = new AbortController();
  const startAgain = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        current = await start(current.port);
        changed();
        return;
      } catch (error) {
        log(`could not be started: ${String(error)}`);
        await delay(500);
      }
    }
  };
  const watch = async (): Promise<void> => {
    for (;;) {
      const code = await current.exited;
      if (stopping.signal.aborted) return;
      log(`ended with exit code ${code}; starting it again`);
      restart = startAgain();
      await restart;
    }
  };
  void watch();
  return {
    current: () => current,
    stop: async () => {
      stopping.abort();
      // One that is just coming up is waited for, so that it is stopped, too.
      await restart;
      await current.stop();
    },
  };
}
