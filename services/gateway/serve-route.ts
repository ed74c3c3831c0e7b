import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { printJson } from "@jackfield/events/json-text";
import { Problem } from "@jackfield/problem/problem";
import type { Route } from "@jackfield/spec/http/route";
import type { z } from "zod";
import { decidedBy, queryWithin, requireBodyWithin } from "./access/within.ts";
import { parseBody } from "./json-body.ts";
import { EdgeProblem } from "./problem-answer.ts";

/** A request whose parts kept the route's contract. */
export interface Asked<Params, Query> {
  params: Params;
  query: Query;
  request: FastifyRequest;
  reply: FastifyReply;
}

export type AskedOf<R extends Route> = Asked<z.output<R["params"]>, z.output<R["query"]>>;

/** Answers a route in JSON; `undefined` is 204. */
export function serve<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  app: FastifyInstance,
  route: Route<P, Q, B, A>,
  answer: (asked: Asked<z.output<P>, z.output<Q>> & { body: z.output<B> }) => Promise<z.input<A> | undefined>,
): void {
  serveRaw(app, route, async (asked) => {
    const body = route.method === "GET" ? {} : jsonBody(asked.request);
    const { caller } = asked.request;
    requireBodyWithin(caller, route, body);
    const said = parsed(route.body, body, "the body");
    const answered = await answer({ ...asked, body: decidedBy(caller, route, said) });
    if (answered === undefined) return asked.reply.code(204).send();
    return asked.reply.header("content-type", "application/json").send(printJson(answered));
  });
}

/** Answers a route in bytes or as a stream; the handler reads the body and writes the reply itself. */
export function serveRaw<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  app: FastifyInstance,
  route: Route<P, Q, B, A>,
  answer: (asked: Asked<z.output<P>, z.output<Q>>) => Promise<FastifyReply>,
): void {
  app.route({
    method: route.method,
    url: route.path,
    config: { scope: route.scope, orTask: route.orTask },
    handler: (request, reply) => {
      reply.code(route.status);
      const params = parsed(route.params, request.params, "the path");
      const query = parsed(route.query, queryWithin(request.caller, route, request), "the query");
      return answer({ params, query, request, reply });
    },
  });
}

/**
 * The body as JSON; no body is an empty object. Only a declared JSON type is read: a page of another site may send
 * plain text to a loopback address without being asked, JSON not.
 */
function jsonBody(request: FastifyRequest): unknown {
  const { body } = request;
  if (!Buffer.isBuffer(body) || body.byteLength === 0) return {};
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/([\w.-]+\+)?json\b/i.test(type)) throw notJson(type);
  return parseBody(body);
}

export const notJson = (type: string): EdgeProblem =>
  new EdgeProblem(415, "E_INVALID", {
    what: type === "" ? "The body has no content type." : `The content type ${type} is not read here.`,
    next: "send JSON, with the header content-type: application/json",
  });

/** @throws Problem E_INVALID that names the first place that breaks the contract, as a JSON Pointer, and lists all. */
export function parsed<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw contractBroken(what, result.error);
}

export function contractBroken(what: string, { issues }: z.ZodError, below = ""): Problem {
  const places = issues.map(({ path, message }) => ({ here: below + pointerOf(path), message }));
  return new Problem("E_INVALID", `${what.charAt(0).toUpperCase()}${what.slice(1)} breaks its contract.`, {
    why: places.map(({ here, message }) => `${here === "" ? what : here}: ${message}`).join("\n"),
    here: places[0]?.here === "" ? what : (places[0]?.here ?? what),
  });
}

/** Path of an issue → JSON Pointer (RFC 6901). */
const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
