import { PermissionViolationError } from "@nats-io/transport-node";
import { Problem, asProblem } from "@jackfield/problem/problem";
import type { Events } from "./connection.ts";

/** What the server refused to a user. */
export interface Refused {
  operation: "publish" | "subscription";
  subject: string;
  problem: Problem;
}

/** An error that says that this user may not, as a problem that names user, subject and the way out; else undefined. */
export function refusedBy(error: unknown, { user }: Pick<Events, "user">): Refused | undefined {
  const said = [error, error instanceof Error ? error.cause : undefined];
  const violation = said.find((each) => each instanceof PermissionViolationError);
  if (violation === undefined) return undefined;
  const { operation, subject } = violation;
  const verb = operation === "publish" ? "publish on" : "subscribe to";
  const problem = new Problem("E_TOKEN_SCOPE", `The NATS user ${user} may not ${verb} ${subject}.`, {
    why: "its credential allows what its service or handler needs, and nothing else",
    next: "give it a credential for this: jackfield admin token --handler NAME --project PROJECT",
    cause: violation,
  });
  return { operation, subject, problem };
}

/** Whatever NATS threw, as a problem. */
export const natsProblem = (error: unknown, events: Pick<Events, "user">): Problem =>
  refusedBy(error, events)?.problem ?? asProblem(error);
