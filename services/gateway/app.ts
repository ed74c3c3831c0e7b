import { createHash, timingSafeEqual } from "node:crypto";
import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { Problem } from "@jackfield/problem/problem";
import { isOfThisMachine } from "./config.ts";
import { EdgeProblem, sendProblem } from "./problem-answer.ts";

/** A page of events or a project file; an artifact has its own door, without a limit. */
const maxBodyBytes = 4 * 1024 * 1024;

export interface Gatekeeper {
  /** Whoever asks has to show it as `Authorization: Bearer`; none: everybody on this machine may ask. */
  token: string | undefined;
  /** May this request come in without the token? Tasks have tokens of their own. */
  letIn: (request: FastifyRequest) => boolean;
}

/** The HTTP server without its routes: bodies stay bytes, failures become problems, strangers stay out. */
export function createApp({ token, letIn }: Gatekeeper): FastifyInstance {
  const app = fastify({
    bodyLimit: maxBodyBytes,
    exposeHeadRoutes: false,
    // Ids of tasks and events are parts of a path.
    routerOptions: { maxParamLength: 2_000 },
    frameworkErrors: (thrown, request, reply) => void sendProblem(request, reply, thrown),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setErrorHandler((thrown, request, reply) => sendProblem(request, reply, thrown));
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, unknownRoute(app, request)));
  if (token === undefined) app.addHook("onRequest", async (request) => refuseOtherSites(request));
  else
    app.addHook("onRequest", async (request) => {
      if (isOpen(request) || bearerIs(request, token) || letIn(request)) return;
      throw new EdgeProblem(401, "E_TOKEN_SCOPE", {
        what: "This gateway asks for a token.",
        next: "send Authorization: Bearer <token>; the jackfield command takes it from JACKFIELD_TOKEN",
      });
    });
  return app;
}

/**
 * Without a token everybody on this machine may ask, but a page of another site that somebody here looks at may not. A
 * browser names the page's site in Origin; one whose name was pointed at this machine shows in Host.
 */
function refuseOtherSites({ headers: { origin, host } }: FastifyRequest): void {
  const named = [origin, host === undefined ? undefined : `http://${host}`];
  const other = named.find((url) => url !== undefined && !isOfThisMachine(url));
  if (other === undefined) return;
  throw new EdgeProblem(403, "E_TOKEN_SCOPE", {
    what: `${other} is another site; without a token only this machine may ask.`,
    next: "ask by http://127.0.0.1 or localhost, or set JACKFIELD_TOKEN and send it",
  });
}

/** Who watches that the process lives has no token. */
const isOpen = ({ url }: FastifyRequest): boolean => url === "/healthz" || url === "/readyz";

export const bearerOf = ({ headers }: FastifyRequest): string =>
  /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? "";

/** Equal digests are compared in constant time, so that neither length nor prefix of the token leaks. */
const bearerIs = (request: FastifyRequest, token: string): boolean =>
  timingSafeEqual(hashed(bearerOf(request)), hashed(token));

const hashed = (text: string): Buffer => createHash("sha256").update(text).digest();

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

function unknownRoute(app: FastifyInstance, { method, url }: FastifyRequest): Problem {
  const path = url.split("?")[0] ?? "";
  const taken = methods.filter((other) => {
    // Its type forgets that there may be none.
    const found: unknown = app.findRoute({ method: other, url: path });
    return found !== null;
  });
  if (taken.length > 0)
    return new EdgeProblem(405, "E_USAGE", {
      what: `${path} does not take ${method}.`,
      next: `it takes ${taken.join(", ")}`,
    });
  return new Problem("E_NOT_FOUND", `There is nothing at ${path}.`, {
    next: "GET /openapi.json lists every route; a / inside an id is written %2F",
  });
}
