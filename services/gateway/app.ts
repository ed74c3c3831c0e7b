import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { Problem } from "@jackfield/problem/problem";
import { keepGate, type Gatekeeper } from "./access/gate.ts";
import { EdgeProblem, sendProblem } from "./problem-answer.ts";

/** A page of events or a project file; an artifact has its own door, without a limit. */
const maxBodyBytes = 4 * 1024 * 1024;

/** The HTTP server without its routes: bodies stay bytes, failures become problems, strangers stay out. */
export function createApp(keeper: Gatekeeper): FastifyInstance {
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
  keepGate(app, keeper);
  return app;
}

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
