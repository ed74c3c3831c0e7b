import { Problem } from "@jackfield/problem/problem";
import pg from "pg";

// Connection, resources, operator, and "try again" (a deadlock, a lost race): classes of SQLSTATE, PostgreSQL appendix A.
const waitingClasses = new Set(["08", "53", "57", "40"]);
const waitingCodes = new Set(["55P03", "25P03"]);
const brokenSockets = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/**
 * Is this trouble of the store and not of the event at hand? It waits and tries again, and never parks anything.
 * Looks through causes and collected errors.
 */
export function isOutage(error: unknown): boolean {
  if (error instanceof Problem && error.code === "E_STORE_DOWN") return true;
  if (error instanceof AggregateError && error.errors.some(isOutage)) return true;
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  if (typeof code === "string" && isWaiting(code)) return true;
  // pg has no code for a connection that ended under a statement.
  if (
    /^(Connection terminated|Client has encountered a connection error|timeout exceeded)/.test(error.message)
  )
    return true;
  return error.cause !== undefined && isOutage(error.cause);
}

// Data exceptions, constraints, limits: the classes in which what was written can be to blame.
const contentClasses = new Set(["21", "22", "23", "54"]);

/** An outage, or any refusal of PostgreSQL that no content explains: a right or a table that is missing, a read-only server. */
export const isStoreTrouble = (error: unknown): boolean =>
  isOutage(error) ||
  (error instanceof pg.DatabaseError && !contentClasses.has((error.code ?? "").slice(0, 2)));

const isWaiting = (code: string): boolean =>
  brokenSockets.has(code) ||
  (/^[0-9A-Z]{5}$/.test(code) && (waitingClasses.has(code.slice(0, 2)) || waitingCodes.has(code)));
