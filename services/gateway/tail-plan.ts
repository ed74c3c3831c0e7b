import { comparePositions, parsePosition, type Position } from "@jackfield/spec/event/position";
import type { Held, LiveGap } from "./live-log.ts";

/**
 * Where a tail that has everything up to `position` gets the next events from: the tracker's log (`history`), what the
 * gateway holds (`held`), nowhere yet (`wait`); `ahead` = the gateway has not read that far, or nobody ever wrote it.
 */
export function nextFrom(position: Position, { floor, end }: Held): "history" | "held" | "wait" | "ahead" {
  if (comparePositions(position, floor) < 0) return "history";
  const order = comparePositions(position, end);
  if (order < 0) return "held";
  return order === 0 ? "wait" : "ahead";
}

/** Before everything. */
export const start: Position = { epoch: 0, sequence: 0 };

/** A page of the tracker's log, which was asked to have read up to `floor`. */
export interface Page<Event extends { position: string }> {
  events: Event[];
  next?: string | undefined;
}

/**
 * Where a tail stands after a page. When there is another page, where that begins; else everything up to `floor` was
 * looked at, though the last match may lie before it. So nothing between the log and what the gateway holds is left out.
 */
export function positionAfter({ events, next }: Page<{ position: string }>, floor: Position): Position {
  if (next !== undefined) return parsePosition(next);
  const last = events.at(-1);
  if (last === undefined) return floor;
  const position = parsePosition(last.position);
  return comparePositions(position, floor) > 0 ? position : floor;
}

/** Between two epochs of the log something may be lost for ever; at the very start nothing is. */
export function gapBetween(before: Position, after: Position): LiveGap["gap"] | undefined {
  if (before.epoch === after.epoch || before.epoch === start.epoch) return undefined;
  return {
    from: { ...before, sequence: before.sequence + 1 },
    to: { ...after, sequence: after.sequence - 1 },
    why: "the stream was made anew",
  };
}
