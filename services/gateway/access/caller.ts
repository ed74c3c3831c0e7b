import { Problem } from "@jackfield/problem/problem";
import type { Scope } from "@jackfield/spec/http/scope";

/** Who asks, and what they may. */
export interface Caller {
  /** As it stands in `by`; undefined where no token was shown. */
  name: string | undefined;
  /** The token's id; undefined: whoever sits at this machine, the administrator of the settings, or nobody. */
  token: string | undefined;
  scopes: readonly Scope[];
  /** null: all. */
  projects: readonly string[] | null;
  /** The prefix of the sources that are this caller's own. */
  source: string | undefined;
}

/** Shows no token of ours: comes in only where a route lets in everybody, or asks for something else. */
export const nobody: Caller = {
  name: undefined,
  token: undefined,
  scopes: [],
  projects: null,
  source: undefined,
};

/** At this machine, while no token is asked for. */
export const everything: Caller = { ...nobody, scopes: ["admin"] };

export const hasScope = ({ scopes }: Caller, scope: Scope): boolean =>
  scopes.includes(scope) || scopes.includes("admin");

/** @throws Problem E_TOKEN_SCOPE */
export function requireScope(caller: Caller, scope: Scope): void {
  if (hasScope(caller, scope)) return;
  throw new Problem("E_TOKEN_SCOPE", `This needs a token with the scope ${scope}.`, {
    why: `${caller.name ?? "this caller"} may ${caller.scopes.join(", ") || "nothing"}`,
    next: `ask an administrator: jackfield admin token create --as NAME --scope ${scope}`,
  });
}

export const mayTouch = ({ projects }: Caller, project: string | null | undefined): boolean =>
  projects === null || (typeof project === "string" && projects.includes(project));

/** `undefined` and `null` are what concerns no single project. @throws Problem E_TOKEN_SCOPE */
export function requireProject(caller: Caller, project: string | null | undefined): void {
  if (mayTouch(caller, project)) return;
  const own = caller.projects?.join(", ") ?? "";
  throw new Problem(
    "E_TOKEN_SCOPE",
    typeof project === "string"
      ? `This token is not for project ${project}.`
      : "This token is for single projects, and the request names none.",
    {
      why: own === "" ? "it is for no project" : `it is for ${own}`,
      next:
        typeof project === "string"
          ? "use a token for that project"
          : `say the project: ${caller.projects?.[0] ?? "NAME"}`,
    },
  );
}
