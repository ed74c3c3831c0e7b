import { streamState } from "@jackfield/events/stream";
import type { Desk } from "./desk.ts";

/** Whoever asks the conductor waits a little longer than this, and asks again. */
const readWithinMs = 2_000;

/**
 * Waits until everything that is in the stream now was read: then what was not said was not said.
 * @throws Problem E_WAITED when that takes too long, E_STORE_DOWN when the stream is not there.
 */
export async function readToTheEnd({ parts, readBack }: Pick<Desk, "parts" | "readBack">): Promise<void> {
  const end = await streamState(parts.events);
  if (end !== undefined) await readBack.until({ epoch: end.epoch, sequence: end.last }, readWithinMs);
}
