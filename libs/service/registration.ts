import { z } from "zod";
import { register } from "@jackfield/spec/ask/conductor";
import type { HandlerDescription } from "@jackfield/spec/facts/handler";
import type { Events } from "@jackfield/events/connection";
import { askService } from "./answer.ts";
import type { Log } from "./log.ts";

export type Consumers = z.output<typeof register.answer>["consumers"];

/** A handler's word to the conductor: here I am, with this many workers. Said again every few seconds. */
export interface Registration {
  /** The consumers that the conductor made for this handler; resolves at the first answer. */
  consumers: Promise<Consumers>;
  /** Did the conductor answer lately? */
  heard(): boolean;
  /** Says goodbye, so that nobody waits for this instance. */
  close(): Promise<void>;
}

const firstRetryMs = 100;
const longestRetryMs = 2_000;

export function keepRegistered(
  events: Events,
  self: { description: HandlerDescription; instance: string; concurrency: number; log: Log },
): Registration {
  let heardAt = 0;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let told: (consumers: Consumers) => void = () => undefined;
  const consumers = new Promise<Consumers>((resolve) => (told = resolve));
  const say = (leaving: boolean) =>
    askService(
      events,
      register,
      { ...self.description, instance: self.instance, concurrency: leaving ? 0 : self.concurrency, leaving },
      { name: self.description.handler, timeoutMs: 3_000 },
    );
  const again = (delayMs: number, retryMs: number): void => {
    if (!closed) timer = setTimeout(() => void beat(retryMs), delayMs);
  };
  const beat = async (retryMs: number): Promise<void> => {
    try {
      const answer = await say(false);
      heardAt = performance.now();
      told(answer.consumers);
      again(answer.everySeconds * 1_000, firstRetryMs);
    } catch (thrown) {
      self.log.debug(
        { event: "registration.unanswered", error: String(thrown) },
        "the conductor does not answer yet",
      );
      again(retryMs, Math.min(retryMs * 2, longestRetryMs));
    }
  };
  void beat(firstRetryMs);
  return {
    consumers,
    heard: () => heardAt > 0 && performance.now() - heardAt < 20_000,
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await say(true).catch(() => undefined);
    },
  };
}
