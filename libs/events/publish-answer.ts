import { PermissionViolationError, type Msg } from "@nats-io/transport-node";
import { z } from "zod";
import { Problem } from "@jackfield/problem/problem";

const pubAck = z.object({ seq: z.int().min(1), duplicate: z.boolean().optional() });
const pubError = z.object({
  error: z.object({ code: z.int(), err_code: z.int().optional(), description: z.string().default("") }),
});

/** What the stream said to one try: it has the event, it may take it later, it is full, or it never will. */
export type Answer =
  | { kind: "accepted"; sequence: number; duplicate: boolean }
  | { kind: "later" }
  | { kind: "full" }
  | { kind: "refused"; problem: Problem };

/** Reads a PubAck. 503 without a body means that no stream listens: it is not made yet, or the server is just starting. */
export function readAnswer(message: Msg): Answer {
  if (message.headers?.code === 503) return { kind: "later" };
  const answer = parsed(message);
  const ack = pubAck.safeParse(answer);
  if (ack.success) {
    return { kind: "accepted", sequence: ack.data.seq, duplicate: ack.data.duplicate === true };
  }
  const refusal = pubError.safeParse(answer);
  if (!refusal.success) return { kind: "later" };
  const { code, description } = refusal.data.error;
  if (/^maximum (bytes|messages)/.test(description)) return { kind: "full" };
  if (code === 503 || code === 408 || code === 500) return { kind: "later" };
  return {
    kind: "refused",
    problem: new Problem("E_BROKEN", `The stream refuses an event: ${description}.`),
  };
}

function parsed(message: Msg): unknown {
  try {
    return message.json<unknown>();
  } catch {
    return undefined;
  }
}

export const fullProblem = (stream: string): Problem =>
  new Problem("E_STREAM_FULL", `The stream ${stream} is full; the event was not taken.`, {
    next: "try again: the tracker trims what it has persisted",
    retryAfterSeconds: 5,
  });

export const lateProblem = (why: string): Problem =>
  new Problem("E_STORE_DOWN", "NATS did not confirm an event.", {
    why,
    next: "publish it again under the same id: it is in the log at most once",
  });

/** An error of the server that says this connection may not publish there, as a problem with the subject. */
export function rightsProblem(error: Error): { subject: string; problem: Problem } | undefined {
  if (!(error instanceof PermissionViolationError) || error.operation !== "publish") return undefined;
  const { subject } = error;
  const problem = new Problem("E_TOKEN_SCOPE", `This connection may not publish on ${subject}.`, {
    cause: error,
  });
  return { subject, problem };
}
