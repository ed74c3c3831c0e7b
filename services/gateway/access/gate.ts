import { timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Problem } from "@jackfield/problem/problem";
import type { RouteScope } from "@jackfield/spec/http/scope";
import { EdgeProblem } from "../problem-answer.ts";
import { everything, nobody, requireScope, type Caller } from "./caller.ts";
import { refuseOtherSites } from "./site.ts";
import type { Token } from "./token-store.ts";
import { tokenDigest } from "./token-text.ts";

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller;
  }
  interface FastifyContextConfig {
    /** Whom the route lets in; a route that does not say it is not registered. */
    scope: RouteScope;
    orTask?: boolean;
  }
}

export interface Gatekeeper {
  /** The administrator's, from the settings; without it everybody at this machine may ask. */
  adminToken: string | undefined;
  /** The token that a text is. @throws Problem E_STORE_DOWN */
  find: (text: string, from: string) => Promise<Token | undefined>;
  /** One more request of this name. @throws Problem 429 */
  ask: (name: string) => void;
  /** Does this request carry the token of a task? */
  hasTicket: (request: FastifyRequest) => boolean;
  /** Names of this gateway, beside those of this machine. */
  names: Set<string>;
}

/** Deny by default: nothing is served that does not say whom it lets in, and nobody comes in who is not let in. */
export function keepGate(app: FastifyInstance, keeper: Gatekeeper): void {
  app.decorateRequest("caller");
  app.addHook("onRoute", ({ method, url, config }) => {
    if (config?.scope === undefined)
      throw new Problem("E_BROKEN", `The route ${String(method)} ${url} does not say whom it lets in.`);
  });
  app.addHook("onRequest", async (request) => {
    const { scope, orTask } = ruleOf(request);
    if (!isSignOfLife(request)) refuseOtherSites(request, keeper.names);
    if (scope === "public" || scope === "signed") {
      request.caller = nobody;
      return;
    }
    if (orTask && keeper.hasTicket(request)) {
      // The route looks at the token again, and lets it do what concerns its task.
      request.caller = nobody;
      return;
    }
    request.caller = await callerOf(request, keeper);
    const { token, name } = request.caller;
    if (name !== undefined) keeper.ask(token ?? name);
    if (scope !== "token") requireScope(request.caller, scope);
  });
}

/** Where nothing is, a stranger does not hear so. */
function ruleOf(request: FastifyRequest): { scope: RouteScope; orTask: boolean } {
  if (request.is404) return { scope: "token", orTask: false };
  const { scope, orTask = false } = request.routeOptions.config;
  return { scope, orTask };
}

/** Who watches that the process lives asks by its address. */
const isSignOfLife = ({ routeOptions: { url } }: FastifyRequest): boolean =>
  url === "/healthz" || url === "/readyz";

async function callerOf(request: FastifyRequest, { adminToken, find }: Gatekeeper): Promise<Caller> {
  const shown = bearerOf(request);
  if (shown === "" && adminToken === undefined && request.headers.authorization === undefined)
    return everything;
  if (adminToken !== undefined && isSame(shown, adminToken)) return { ...everything, name: "admin" };
  const token = shown === "" ? undefined : await find(shown, request.ip);
  if (token !== undefined) return callerBy(token);
  throw new EdgeProblem(401, "E_TOKEN_SCOPE", {
    what: shown === "" ? "This gateway asks for a token." : "This token is not in force.",
    ...(shown !== "" && { why: "it is unknown, has ended, or was taken back" }),
    next: "send Authorization: Bearer <token>; the jackfield command takes it from JACKFIELD_TOKEN, or from jackfield login",
  });
}

const callerBy = ({ id, name, scopes, projects, source }: Token): Caller => ({
  name,
  token: id,
  scopes,
  projects,
  source: source ?? undefined,
});

export const bearerOf = ({ headers }: FastifyRequest): string =>
  /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? "";

/** Equal digests are compared in constant time, so that neither length nor prefix of the token leaks. */
const isSame = (shown: string, token: string): boolean =>
  timingSafeEqual(tokenDigest(shown), tokenDigest(token));
