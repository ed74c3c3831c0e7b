import { Problem } from "@jackfield/problem/problem";
import { projectFile, type ProjectFile } from "@jackfield/spec/project/file";
import { fileProblem } from "./file-problem.ts";
import { readSource, type Source } from "./source.ts";

/** What may start the lifecycle by itself; the rest of the grammar of `on` comes with schedules and monitors. */
const triggers: readonly string[] = ["code", "data"];

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
  checkTriggers(parsed.data.on ?? [], source);
  return { file: parsed.data, source };
}

function checkTriggers(on: readonly string[], source: Source): void {
  const wrong = on.findIndex((trigger) => !triggers.includes(trigger));
  if (wrong < 0) return;
  throw new Problem("E_YAML", `on: ${on[wrong] ?? ""} is not supported in this release`, {
    here: source.place(["on", wrong]),
    why: `a run can be started by ${triggers.join(" and ")}, and by anybody who asks`,
    next: "take it out, and let CI run: jackfield run",
  });
}
