import { z } from "zod";

/**
 * A place in the log: the order of everything. `epoch` is the second in which the stream was made (a re-made stream
 * starts a new one), `sequence` the stream's own number. Written `<epoch>-<sequence>`.
 */
export interface Position {
  epoch: number;
  sequence: number;
}

export const positionText = z
  .string()
  .regex(/^\d{1,12}-\d{1,16}$/, "a position is <epoch>-<sequence>")
  .meta({ id: "Position" });

export const printPosition = ({ epoch, sequence }: Position): string => `${epoch}-${sequence}`;

/** @throws ZodError when the text is no position. */
export function parsePosition(text: string): Position {
  const [epoch, sequence] = positionText.parse(text).split("-");
  return { epoch: Number(epoch), sequence: Number(sequence) };
}

/** < 0 when a comes before b. */
export const comparePositions = (a: Position, b: Position): number =>
  a.epoch - b.epoch || a.sequence - b.sequence;
