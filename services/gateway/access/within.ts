import { Problem } from "@jackfield/problem/problem";
import type { Route } from "@jackfield/spec/http/route";
import { z } from "zod";
import { hasScope, requireProject, type Caller } from "./caller.ts";

const inProject = z.object({ project: z.string().nullish() });
const refs = z.object({ ref: z.string().optional(), run: z.string().optional() });

/**
 * A token for single projects asks within those: the request has to name one, and every one it names has to be the
 * token's. Of a token for one project, a query that can name it does. Answers with the query to go on with.
 * @throws Problem E_TOKEN_SCOPE
 */
export function queryWithin(
  caller: Caller,
  { within, query: schema }: Route,
  { params, query }: { params: unknown; query: unknown },
): unknown {
  const { projects } = caller;
  if (projects === null || within === "answer") return query;
  const [only, ...others] = projects;
  const takesProject = schema instanceof z.ZodObject && "project" in schema.shape;
  // weather:seattle-57 names a project as well, and whoever is asked takes that one.
  const { ref, run } = refs.catch({}).parse(params);
  const inRef = /^([^:]+):/.exec(ref ?? run ?? "")?.[1];
  const named = [projectIn(query), projectIn(params), inRef].filter((one) => one !== undefined);
  if (named.length === 0 && takesProject && others.length === 0 && only !== undefined) named.push(only);
  if (within === "request" && named.length === 0) requireProject(caller, undefined);
  for (const project of named) requireProject(caller, project);
  return takesProject ? { ...Object(query), project: named[0] } : query;
}

/** @throws Problem E_TOKEN_SCOPE */
export function requireBodyWithin(caller: Caller, route: Route, body: unknown): void {
  if (route.within === "body") requireProject(caller, projectIn(body));
}

const projectIn = (said: unknown): string | undefined => inProject.safeParse(said).data?.project ?? undefined;

/** Who decides is who shows the token, whatever the body says. */
export function decidedBy<Body>(caller: Caller, { body: schema }: Route, body: Body): Body {
  const saysWho = schema instanceof z.ZodObject && "by" in schema.shape;
  if (!saysWho || caller.name === undefined || typeof body !== "object" || body === null) return body;
  return { ...body, by: caller.name };
}

/** @throws Problem E_TOKEN_SCOPE for a handler of all projects, which only an administrator registers. */
export function requireHandlerPlace(caller: Caller, project: string | null | undefined): void {
  if (typeof project === "string" || hasScope(caller, "admin")) return;
  throw new Problem("E_TOKEN_SCOPE", "Only an administrator registers a handler of all projects.", {
    here: "/project",
    next: "say the project that it works for, or use a token with the scope admin",
  });
}
