import { comparePositions, type Position } from "@jackfield/spec/event/position";
import type { StreamState } from "./stream.ts";

/**
 * Positions that a reader is due and the stream does not hold: `trimmed` from its start, `missing` inside it, or of an
 * epoch that is over because the stream was `remade`.
 */
export interface Gap {
  from: Position;
  to: Position;
  why: "trimmed" | "missing" | "remade";
}

/** Where a reader that has everything up to `last` goes on. `behind`: it has read more than this stream ever held. */
export type Place = { kind: "stream" } | { kind: "gap"; gap: Gap } | { kind: "behind" };

/** Nothing was read yet; every epoch comes after it. */
export const beforeAll: Position = { epoch: 0, sequence: 0 };

export const after = ({ epoch, sequence }: Position): Position => ({ epoch, sequence: sequence + 1 });

/** The position before the first message that the stream holds. */
export const beforeFirst = ({ epoch, first }: StreamState): Position => ({ epoch, sequence: first - 1 });

export function placeAfter(last: Position, state: StreamState): Place {
  const start = beforeFirst(state);
  const isOver = last.epoch > state.epoch || (last.epoch === state.epoch && last.sequence > state.last);
  if (isOver) return { kind: "behind" };
  if (comparePositions(last, start) >= 0) return { kind: "stream" };
  const why = last.epoch === state.epoch ? "trimmed" : "remade";
  return { kind: "gap", gap: { from: after(last), to: start, why } };
}
