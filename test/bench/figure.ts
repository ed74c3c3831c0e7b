import type { Bed } from "./bed.ts";

/** A number that must not be exceeded, or must be reached: the figure itself, its ratio, or something measured beside. */
export interface Goal {
  of: string;
  limit: number;
  direction: "at least" | "at most";
}

export const atLeast = (of: string, limit: number): Goal => ({ of, limit, direction: "at least" });
export const atMost = (of: string, limit: number): Goal => ({ of, limit, direction: "at most" });

export interface Quantity {
  value: number;
  unit: string;
}

export interface Measured extends Quantity {
  /** What it is compared with, in the same unit and the same run. */
  against: { name: string; value: number };
  /** value / against, the median over rounds where there are some; undefined when against is 0. */
  ratio: number | undefined;
  /** By name; goals may refer to them. */
  beside: Record<string, Quantity>;
}

/** One number that the system has to reach. It is met when all of its goals are. */
export interface Figure {
  id: string;
  goal: Goal[];
  measure(bed: Bed): Promise<Measured>;
}
