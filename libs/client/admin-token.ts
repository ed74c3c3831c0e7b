import catalogue from "@jackfield/spec/catalogue.json" with { type: "json" };
import { capabilityName, scopeName } from "@jackfield/spec/event/names";
import { Problem } from "@jackfield/problem/problem";
import { exit } from "./exit.ts";
import { loadLauncher } from "./launcher.ts";
import { findProject } from "./project-folder.ts";
import type { Call } from "./verb.ts";

/** Prints the credential with which a handler comes to NATS: signed with the keys beside the log, told to nobody else. */
export async function adminToken(call: Call, capabilities: readonly string[]): Promise<number> {
  const { out, folder, flags, environment } = call;
  const here = findProject(folder);
  const handler = named("--handler", flags.text("handler"));
  const project =
    flags.text("project") === "*" ? "*" : named("--project", flags.text("project") ?? here?.project);
  const all = capabilities.length === 0 ? catalogue.map(({ name }) => name) : capabilities.map(capability);
  const { handlerToken } = await loadLauncher();
  const token = await handlerToken(here?.folder ?? folder, {
    party: { kind: "handler", project, handler, capabilities: all },
    prefix: environment["JACKFIELD_PREFIX"] || undefined,
    until: endOf(flags.text("until")),
  });
  out.show(token, () => token.creds.trimEnd());
  out.next(
    `JACKFIELD_NATS_CREDS=FILE JACKFIELD_PROJECT=${project} and your program, with this in FILE (mode 600)`,
  );
  return exit.pass;
}

function named(flag: string, said: string | undefined): string {
  const name = scopeName.safeParse(said);
  if (name.success) return name.data;
  throw new Problem("E_USAGE", `admin token needs ${flag} NAME`, {
    ...(said !== undefined && { why: `${said}: ${name.error.issues[0]?.message ?? ""}` }),
    next: "jackfield admin token train --handler boost --project weather > boost.creds",
  });
}

function capability(said: string): string {
  if (capabilityName.safeParse(said).success) return said;
  throw new Problem("E_USAGE", `${said} is no capability`, {
    next: "jackfield admin token train --handler boost",
  });
}

function endOf(said: string | undefined): Date | undefined {
  if (said === undefined) return undefined;
  const time = new Date(said);
  if (time.getTime() > Date.now()) return time;
  throw new Problem("E_USAGE", `--until takes a time to come, not ${said}`, {
    next: "--until 2030-01-31T00:00Z",
  });
}
