import { contentDigest } from "@jackfield/events/digest";
import { Problem } from "@jackfield/problem/problem";
import type { Outside } from "../event-from-outside.ts";
import { requireProject, type Caller } from "./caller.ts";

/** Whose a source is, by the prefixes of the tokens in force; undefined: nobody's. */
export type OwnerOf = (source: string) => string | undefined;

/**
 * An event as this caller may say it: in a project that the token is for, from a source that is nobody else's, and signed
 * with the token's name. @throws Problem E_TOKEN_SCOPE, E_NOT_YOURS
 */
export function spokenBy(caller: Caller, outside: Outside, ownerOf: OwnerOf): Outside {
  requireProject(caller, outside.event.project);
  requireSource(caller, outside.event.source, ownerOf);
  if (caller.name === undefined) return outside;
  const event = { ...outside.event, authid: caller.name, authtype: "api_key" };
  return { event, digest: contentDigest(event) };
}

function requireSource(caller: Caller, source: string, ownerOf: OwnerOf): void {
  if (caller.source !== undefined && !isBelow(source, caller.source))
    throw new Problem("E_NOT_YOURS", `${source} is not a source of ${caller.name ?? "this token"}.`, {
      here: "/source",
      next: `its sources begin with ${caller.source}: leave source away, or say ${caller.source}/…`,
    });
  const owner = ownerOf(source);
  if (owner === undefined || owner === caller.name) return;
  throw new Problem("E_NOT_YOURS", `The source ${source} belongs to ${owner}.`, {
    here: "/source",
    next: "name yourself in source: a path or URL of your own",
  });
}

/** `/ci/github` holds `/ci/github` and `/ci/github/9`, not `/ci/githubby`. */
export const isBelow = (source: string, prefix: string): boolean =>
  source.startsWith(prefix) && /^$|^[/:#?]/.test(source.slice(prefix.length));
