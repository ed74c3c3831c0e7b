import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Position } from "@jackfield/spec/event/position";
import type { Conductor } from "./conductor.ts";

/** Publishes the fact of a command and waits until it was read back, so that what is asked next sees it. */
export async function say({ parts, readBack }: Conductor, event: CloudEvent): Promise<Position> {
  const { position } = await parts.publisher.publish(event, { deadlineMs: 10_000 });
  await readBack.until(position);
  return position;
}
