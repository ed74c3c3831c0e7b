import type { FastifyReply, FastifyRequest } from "fastify";
import { printJson } from "@jackfield/events/json-text";
import { catalogue, type ProblemCode } from "@jackfield/problem/catalogue";
import { asProblem, Problem, reportOf, type ProblemParts } from "@jackfield/problem/problem";
import { problemStatus } from "@jackfield/spec/http/problem-status";

/** A problem whose HTTP number says more than its code: 401, 405, 415, 416. */
export class EdgeProblem extends Problem {
  readonly status: number;
  constructor(status: number, code: ProblemCode, said: ProblemParts & { what: string }) {
    super(code, said.what, said);
    this.status = status;
  }
}

const statusOf = (problem: Problem): number =>
  problem instanceof EdgeProblem
    ? problem.status
    : (problemStatus[problem.code] ?? (problem.retriable ? 503 : 400));

/** Problem → the members of RFC 9457, with our own beside them. */
const detailsOf = (problem: Problem, instance: string) => ({
  ...reportOf(problem),
  type: `https://jackfield.dev/problems/${problem.code.slice(2).toLowerCase().replaceAll("_", "-")}`,
  title: catalogue[problem.code].meaning,
  status: statusOf(problem),
  detail: problem.message,
  instance,
});

/** Answers with whatever was thrown; what has no name of ours is 500, and its inner words stay inside. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
  const problem = ofFastify(thrown) ?? asProblem(thrown);
  const details = detailsOf(problem, pathOf(request));
  if (details.status === 503 || details.status === 429)
    void reply.header("retry-after", String(problem.retryAfterSeconds ?? 5));
  if (details.status === 401) void reply.header("www-authenticate", 'Bearer realm="jackfield"');
  return (
    reply
      .code(details.status)
      .header("content-type", "application/problem+json")
      // As bytes, since this type has no charset to be added.
      .send(Buffer.from(printJson(details)))
  );
}

/** Queries may hold tokens, so only the path is repeated. */
const pathOf = (request: FastifyRequest): string => request.url.split("?")[0] ?? "";

/** What Fastify itself refuses, in our words. */
function ofFastify(thrown: unknown): Problem | undefined {
  if (thrown instanceof Problem || !(thrown instanceof Error)) return undefined;
  const code = "code" in thrown ? thrown.code : undefined;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE")
    return new Problem("E_TOO_LARGE", "The body is larger than this door takes.", {
      next: "an event is at most 64 KiB; store what is large with PUT /v1/artifacts and send its descriptor",
    });
  const status = "statusCode" in thrown ? thrown.statusCode : undefined;
  if (typeof status === "number" && status >= 400 && status < 500)
    return new EdgeProblem(status, "E_USAGE", { what: thrown.message });
  return undefined;
}
