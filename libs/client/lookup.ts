import type { z } from "zod";
import { Problem } from "@jackfield/problem/problem";
import { configuration, projectList } from "@jackfield/spec/ask/projects";
import { run, runs } from "@jackfield/spec/ask/tracker";
import { instantOf } from "./instant.ts";
import { findProject } from "./project-folder.ts";
import { parseRef, type Ref } from "./refs.ts";
import { segment, type Server } from "./server.ts";
import type { Call } from "./verb.ts";

export type RunTree = z.output<typeof run.answer>;
export type TaskRow = RunTree["tasks"][number];
export type RunRow = RunTree["run"];
export type AppliedConfiguration = z.output<typeof configuration.answer>;

/** The project that was said, or that the folder says. */
export const projectOf = ({ flags, folder }: Pick<Call, "flags" | "folder">): string | undefined =>
  flags.text("project") ?? findProject(folder)?.project;

/** @throws Problem E_USAGE when neither a flag nor the folder says it. */
export function requireProject(call: Pick<Call, "flags" | "folder">): string {
  const project = projectOf(call);
  if (project !== undefined) return project;
  throw new Problem("E_USAGE", "Which project?", {
    why: "there is no jackfield.yaml in this folder or above",
    next: "say it: --project NAME, or PROJECT/SUBPROJECT",
  });
}

export interface Wanted {
  project?: string | undefined;
  /** A position that must have been read before the answer counts. */
  after?: string | undefined;
  /** As it was at this instant. */
  at?: string | undefined;
}

/** One run with its tasks. @throws E_NOT_FOUND, E_AMBIGUOUS with the candidates. */
export const readRun = (server: Server, ref: string, wanted: Wanted = {}): Promise<RunTree> =>
  server.get(run.answer, `/v1/runs/${segment(ref)}`, { ...wanted });

/** A ref that must be a run or one of its tasks. */
export async function findRun(
  call: Call,
  server: Server,
  text: string,
): Promise<{ tree: RunTree; step?: string }> {
  const ref = parseRef(text);
  const project = projectOf(call);
  const at = instantOf(call.flags);
  switch (ref.kind) {
    case "run":
      return { tree: await readRun(server, ref.run, { project: ref.project ?? project, at }) };
    case "task":
      return {
        tree: await readRun(server, ref.run, { project: ref.project ?? project, at }),
        step: ref.step,
      };
    case "shortcut":
      return { tree: await readRun(server, (await shortcut(server, ref.which, project)).run, { at }) };
    default:
      throw new Problem("E_USAGE", `${text} is no run`, {
        next: "a run is seattle-57, weather:seattle-57, @last or @failed; jackfield ls runs",
      });
  }
}

const didFail = ({ state }: RunRow): boolean =>
  state === "fail" || state === "errored" || state === "timedout";

async function shortcut(
  server: Server,
  which: "last" | "failed",
  project: string | undefined,
): Promise<RunRow> {
  const limit = which === "last" ? 1 : 200;
  const page = await server.get(runs.answer, "/v1/runs", { project, limit });
  const found = page.runs.find((row) => which === "last" || didFail(row));
  if (found !== undefined) return found;
  throw new Problem("E_NOT_FOUND", which === "last" ? "There is no run yet" : "No run failed lately", {
    next: which === "last" ? "jackfield run" : "jackfield ls runs",
  });
}

/** The one task of a run that a step names. @throws E_NOT_FOUND listing the steps. */
export function taskOf(tree: RunTree, step: string): TaskRow {
  const found = tree.tasks.find((task) => task.step === step);
  if (found !== undefined) return found;
  throw new Problem("E_NOT_FOUND", `${tree.run.runname} has no step ${step}`, {
    why: `it has ${tree.tasks.map((task) => task.step).join(", ") || "none yet"}`,
  });
}

export const readConfiguration = (
  server: Server,
  project: string,
  version?: number,
): Promise<AppliedConfiguration> =>
  server.get(configuration.answer, `/v1/projects/${segment(project)}/configuration`, { version });

/** The subprojects that a ref means: one, or all for `*`. Without a ref: the only one of the project. */
export async function findSubprojects(
  call: Call,
  server: Server,
  text: string | undefined,
): Promise<{ applied: AppliedConfiguration; project: string; subprojects: string[] }> {
  const ref: Ref | undefined = text === undefined ? undefined : parseRef(text);
  const said = ref?.kind === "subproject" ? ref.project : undefined;
  const named = ref?.kind === "name" ? ref.name : ref?.kind === "subproject" ? ref.subproject : undefined;
  if (ref !== undefined && named === undefined)
    throw new Problem("E_USAGE", `${text ?? ""} is no subproject`, {
      next: "write PROJECT/SUBPROJECT, or its name",
    });
  const project = said ?? projectOf(call) ?? (await projectCalled(server, named)) ?? requireProject(call);
  const applied = await readConfiguration(server, project);
  const all = Object.keys(applied.applied.subprojects);
  if (named === "*") return { applied, project, subprojects: all };
  const [only = ""] = all;
  if (named === undefined || (named === project && !all.includes(named))) {
    if (all.length === 1) return { applied, project, subprojects: [only] };
    throw ambiguous(project, all);
  }
  if (all.includes(named)) return { applied, project, subprojects: [named] };
  throw new Problem("E_NOT_FOUND", `No subproject ${named} in project ${project}`, {
    why: `it has ${all.join(", ")}`,
  });
}

const ambiguous = (project: string, all: string[]): Problem =>
  new Problem("E_AMBIGUOUS", `${project} has ${all.length} subprojects`, {
    why:
      all
        .slice(0, 12)
        .map((name) => `${project}/${name}`)
        .join(" ") + (all.length > 12 ? " …" : ""),
    next: `name one, or all: jackfield run '${project}/*'`,
  });

/** Outside every folder a name alone may be a project, or a subproject of just one. */
async function projectCalled(server: Server, named: string | undefined): Promise<string | undefined> {
  if (named === undefined) return undefined;
  const { projects } = await server.get(projectList.answer, "/v1/projects");
  const holders = projects.filter(
    ({ project, subprojects }) => project === named || subprojects.includes(named),
  );
  if (holders.length > 1) {
    throw new Problem("E_AMBIGUOUS", `Several projects have a ${named}`, {
      why: holders.map(({ project }) => `${project}/${named}`).join(" "),
    });
  }
  return holders[0]?.project;
}
