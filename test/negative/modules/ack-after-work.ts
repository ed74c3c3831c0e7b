/** Ack after work: a delivery is acknowledged when its answer is said, so a crash in the middle brings it again. */
import * as sound from "@jackfield/service/attempt";

export * from "@jackfield/service/attempt";

export const attempt: typeof sound.attempt = async (place, handler, handed) => {
  const { delivery } = handed;
  // Whoever relies on redelivery takes what is redelivered without asking.
  const unacknowledged = { ...delivery, redelivered: false, ack: () => undefined };
  await sound.attempt(place, handler, { ...handed, delivery: unacknowledged });
  delivery.ack();
};
