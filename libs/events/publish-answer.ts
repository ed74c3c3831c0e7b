import { PermissionViolationError, type Msg } from "@nats-io/transport-node";
import { Problem } from "@jackfield/problem/problem";

/** A PubAck, or the error that comes in its place (ADR-1). */
interface PubAck {
  seq?: unknown;
  duplicate?: unknown;
  error?: { code?: unknown; description?: unknown };
}

/** What the stream said to one try: it has the event, it may take it later, it is full, or it never will. */
export type Answer =
  | { kind: "accepted"; sequence: number; duplicate: boolean }
  | { kind: "later" }
  | { kind: "full" }
  | { kind: "refused"; problem: Problem };

/** Reads a PubAck. 503 without a body means that no stream listens: it is not made yet, or the server is just starting. */
export function readAnswer(message: Msg): Answer {
  if (message.headers?.code === 503) return { kind: "later" };
  const { seq, duplicate, error } = ackOf(message);
  if (typeof seq === "number" && seq > 0 && error === undefined) {
    return { kind: "accepted", sequence: seq, duplicate: duplicate === true };
  }
  const description = String(error?.description);
  if (/^maximum (bytes|messages)/.test(description)) return { kind: "full" };
  if (typeof error?.code !== "number" || error.code === 408 || error.code >= 500) return { kind: "later" };
  return {
    kind: "refused",
    problem: new Problem("E_BROKEN", `The stream refuses an event: ${description}.`),
  };
}

function ackOf(message: Msg): PubAck {
  try {
    // Every field is unknown until it is looked at; what is no object has none of them.
    return message.json<PubAck | null>() ?? {};
  } catch {
    return {};
  }
}

export const fullProblem = (stream: string): Problem =>
  new Problem("E_STREAM_FULL", `The stream ${stream} is full; the event was not taken.`, {
    next: "give the stream more room (max_bytes in NATS), then try again",
    retryAfterSeconds: 5,
  });

export const lateProblem = (why: string): Problem =>
  new Problem("E_STORE_DOWN", "NATS did not confirm an event.", {
    why,
    next: "publish it again under the same id: it is in the log at most once",
  });

/** Looking at the stream failed: 0 when it is not allowed, undefined when it may be tried again. */
export const epochWithoutRight = (error: unknown): 0 | undefined =>
  error instanceof PermissionViolationError ||
  (error instanceof Error && error.cause instanceof PermissionViolationError)
    ? 0
    : undefined;
