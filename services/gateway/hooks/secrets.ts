import { readFile } from "node:fs/promises";
import { Problem } from "@jackfield/problem/problem";
import { scopeName } from "@jackfield/spec/event/names";
import { z } from "zod";

const secret = z.string().min(16).max(200);
const settings = z.strictObject({
  projects: z.record(scopeName, z.strictObject({ github: secret.optional(), gitlab: secret.optional() })),
});

/** The secrets that a project shares with its code hosts. */
export type HookSecrets = (
  project: string,
) => { github?: string | undefined; gitlab?: string | undefined } | undefined;

/** The file that JACKFIELD_HOOKS names. @throws Problem E_CONFIG that names the place in it, and repeats no secret */
export async function readHookSecrets(file: string | undefined): Promise<HookSecrets> {
  if (file === undefined) return () => undefined;
  try {
    const projects = new Map(
      Object.entries(settings.parse(JSON.parse(await readFile(file, "utf8"))).projects),
    );
    return (project) => projects.get(project);
  } catch (cause) {
    throw new Problem("E_CONFIG", "The file of JACKFIELD_HOOKS cannot be understood.", {
      why: cause instanceof z.ZodError ? z.prettifyError(cause) : "it is no JSON, or cannot be read",
      here: file,
      next: 'it says {"projects": {"weather": {"github": "a secret of 16 letters or more"}}}',
    });
  }
}
