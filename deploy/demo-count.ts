import { streamState } from "@jackfield/events/stream";
import { askService } from "@jackfield/service/answer";
import { position } from "@jackfield/spec/ask/tracker";
import { printPosition } from "@jackfield/spec/event/position";
import { openAsAdmin } from "./as-admin.ts";
import type { Up } from "./launcher.ts";

/** What the stream holds, and what the tracker kept of it. */
export interface EventCount {
  inStream: number;
  kept: number;
}

/** Asks NATS and the tracker, each for itself; the tracker answers when it has read what the stream held at that moment. */
export async function countEvents({ run }: Up): Promise<EventCount> {
  await using events = await openAsAdmin(run, "demo");
  const state = await streamState(events);
  if (state === undefined || state.last === 0) return { inStream: 0, kept: 0 };
  const after = printPosition({ epoch: state.epoch, sequence: state.last });
  const read = await askService(events, position, { after });
  return { inStream: state.last, kept: read.events + read.withheld };
}

/** Between two counts: how many events there were, and how many of them the tracker lacks. */
export function keptLine(before: EventCount, after: EventCount, cached: number): string {
  const events = after.inStream - before.inStream;
  const lost = events - (after.kept - before.kept);
  const kept = lost === 0 ? "all kept, 0 lost" : `${lost} lost`;
  return `${events} events, ${kept} · ${cached} steps saved by the cache`;
}
