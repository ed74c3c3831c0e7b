import type { z } from "zod";
import { Problem } from "@jackfield/problem/problem";
import { bindings } from "@jackfield/spec/ask/conductor";
import { exit } from "./exit.ts";
import { instantOf } from "./instant.ts";
import { projectOf, requireProject } from "./lookup.ts";
import { parseRef } from "./refs.ts";
import type { Server } from "./server.ts";
import type { Call } from "./verb.ts";
import { clock, table } from "./words.ts";

/** Where a lead is plugged: an organization, a project, or a subproject of that. */
export interface Scope {
  organization?: string | undefined;
  project?: string | undefined;
  subproject?: string | undefined;
}

/** `--on`, else the project of the folder. @throws Problem E_USAGE */
export function scopeOf(call: Call): Scope {
  const on = call.flags.text("on");
  if (on === undefined) return { project: requireProject(call) };
  const [, organization] = /^organization:(.+)$/.exec(on) ?? [];
  if (organization !== undefined) return { organization };
  const ref = parseRef(on);
  if (ref.kind === "subproject") return { project: ref.project, subproject: ref.subproject };
  if (ref.kind === "name") {
    const project = projectOf(call);
    return project === undefined || project === ref.name
      ? { project: ref.name }
      : { project, subproject: ref.name };
  }
  throw new Problem("E_USAGE", `--on ${on} is no scope`, {
    next: "write PROJECT, PROJECT/SUBPROJECT, or organization:NAME",
  });
}

export const printScope = ({ organization, project, subproject }: Scope): string => {
  if (project === undefined) return `organization:${organization ?? "default"}`;
  return subproject === undefined ? project : `${project}/${subproject}`;
};

/** `--on` again, where the next command has to say it. */
export const onScope = (call: Call): string => {
  const on = call.flags.text("on");
  return on === undefined ? "" : ` --on ${on}`;
};

export type Bindings = z.output<typeof bindings.answer>;
export type Override = Bindings["overrides"][number];

export const readBindings = (server: Server, scope: Scope, at?: string): Promise<Bindings> =>
  server.get(bindings.answer, "/v1/bindings", { ...scope, at });

/** Who answers what in a scope, and who said so, why and until when. */
export async function showBindings(call: Call): Promise<number> {
  const server = await call.server();
  const answer = await readBindings(server, scopeOf(call), instantOf(call.flags));
  call.out.show(answer.bindings, () =>
    table(
      ["capability", "handler", "shadows", "from", "by", "since", "until", "why"],
      answer.bindings.map(({ capability, handler, shadows, from, by, since, until, reason }) => [
        capability,
        handler,
        shadows.join(", "),
        from,
        by ?? "",
        since === undefined ? "" : clock(since),
        until === undefined ? "" : clock(until),
        reason ?? "",
      ]),
    ),
  );
  return exit.pass;
}
