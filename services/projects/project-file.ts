import { Problem } from "@jackfield/problem/problem";
import { projectFile, type ProjectFile } from "@jackfield/spec/project/file";
import { checkTriggers } from "./check-triggers.ts";
import { fileProblem } from "./file-problem.ts";
import { readSource, type Source } from "./source.ts";

/** A project file, checked, with the place of everything in it. */
export interface ReadFile {
  file: ProjectFile;
  source: Source;
}

/** @throws Problem E_YAML for the first thing that is not understood, with line, column and what was probably meant. */
export function readProjectFile(text: string, name: string): ReadFile {
  const source = readSource(text, name);
  if (source.value === null || source.value === undefined)
    throw new Problem("E_YAML", `${name} is empty`, {
      here: `${name}:1:1`,
      next: "begin with: project: NAME",
    });
  const parsed = projectFile.safeParse(source.value);
  if (!parsed.success) throw fileProblem(projectFile, parsed.error, source);
  const { on, workflows } = parsed.data;
  checkTriggers(on ?? [], ["on"], source);
  for (const [name, said] of Object.entries(workflows ?? {}))
    checkTriggers(said.on ?? [], ["workflows", name, "on"], source);
  return { file: parsed.data, source };
}
