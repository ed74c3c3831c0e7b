import { isStoreTrouble } from "@jackfield/postgres/outage";
import { PositionLost } from "@jackfield/postgres/position";
import { Problem } from "@jackfield/problem/problem";

/** Trouble of this process or of a store, which passes. No event is to blame, so nothing is parked for it. */
export const isTrouble = (error: unknown): boolean =>
  error instanceof PositionLost ||
  isStoreTrouble(error) ||
  (error instanceof Problem && error.retriable && error.code !== "E_BROKEN");
