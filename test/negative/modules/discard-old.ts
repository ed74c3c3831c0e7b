/** `discard: old`: a full stream makes room by dropping what is oldest, read or not. */
import { DiscardPolicy } from "@nats-io/jetstream";
import * as sound from "@jackfield/events/stream";

export * from "@jackfield/events/stream";

export const ensureStream: typeof sound.ensureStream = async (events, options) => {
  const ensured = await sound.ensureStream(events, options);
  await events.manager.streams.update(events.stream, { discard: DiscardPolicy.Old });
  return ensured;
};
