import type { z } from "zod";
import { placeOfHandler, register } from "@jackfield/spec/ask/conductor";
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

export interface Self {
  description: HandlerDescription;
  instance: string;
  concurrency: number;
  log: Log;
}

const firstRetryMs = 50;
const longestRetryMs = 2_000;
const forgottenAfterMs = 20_000;

export function keepRegistered(events: Events, self: Self): Registration {
  let heardAt: number | undefined;
  let told: (consumers: Consumers) => void = () => undefined;
  const consumers = new Promise<Consumers>((resolve) => (told = resolve));
  const beating = beat(async () => {
    const answer = await say(events, self, false);
    heardAt = performance.now();
    told(answer.consumers);
    return answer.everySeconds * 1_000;
  }, self.log);
  return {
    consumers,
    heard: () => heardAt !== undefined && performance.now() - heardAt < forgottenAfterMs,
    close: async () => {
      beating.close();
      // Whoever heard us will miss us anyway; saying so only makes it quicker.
      await say(events, self, true).catch(() => undefined);
    },
  };
}

const say = (events: Events, { description, instance, concurrency }: Self, leaving: boolean) =>
  askService(
    events,
    register,
    { ...description, instance, concurrency: leaving ? 0 : concurrency, leaving },
    { name: placeOfHandler(description.project, description.handler), timeoutMs: 3_000 },
  );

/** Repeats `once`, which says when the next time is; a failure is repeated sooner, then less and less soon. */
function beat(once: () => Promise<number>, log: Log): { close(): void } {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let retryMs = firstRetryMs;
  const next = async (): Promise<void> => {
    let waitMs: number;
    try {
      waitMs = await once();
      retryMs = firstRetryMs;
    } catch (thrown) {
      log.debug(
        { event: "registration.unanswered", error: String(thrown) },
        "the conductor does not answer yet",
      );
      waitMs = retryMs;
      retryMs = Math.min(retryMs * 2, longestRetryMs);
    }
    if (!closed) timer = setTimeout(() => void next(), waitMs);
  };
  void next();
  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}
