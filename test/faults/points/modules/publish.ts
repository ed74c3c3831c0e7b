/** Publishing, with points before an event is sent, when the stream has it and has not said so, and when it has. */
import { setTimeout as delay } from "node:timers/promises";
import { outgoing } from "@jackfield/events/outgoing";
import * as sound from "@jackfield/events/publish";
import { dueAt, strike, strikeAt } from "../strike-at.ts";

export * from "@jackfield/events/publish";

const never = new Promise<never>(() => undefined);

/** `evt.<project>.<handler>.dev.cdeventsx.jackfield-<subject>.<predicate>.…` → the predicate. */
const predicateIn = (subject: string): string =>
  /\.jackfield-[a-z]+\.([a-z]+)\./.exec(subject)?.[1] ?? "other";

export const createPublisher: typeof sound.createPublisher = (events, options) => {
  const inner = sound.createPublisher(events, options);
  let dying = false;
  const send: typeof inner.send = async (message, how) => {
    const said = predicateIn(message.subject);
    // What would have been sent after the last one is not.
    if (dying) return never;
    strikeAt(`before ${said}`);
    const sent = inner.send(message, how);
    const blow = dueAt(`sent ${said}`);
    if (blow !== undefined) {
      dying = blow.victim === "itself";
      // Without a connection it would wait for one, or fail.
      await Promise.race([events.connection.flush().catch(() => undefined), delay(100)]);
      strike(`sent ${said}`);
    }
    const published = await sent;
    strikeAt(`after ${said}`);
    return published;
  };
  return {
    send,
    publish: async (event, how) => send(outgoing(event, events), how),
    flush: () => inner.flush(),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  };
};
