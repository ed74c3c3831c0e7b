import { Problem } from "@jackfield/problem/problem";
import { partsOfTask } from "@jackfield/spec/event/ids";
import type { Run } from "@jackfield/lifecycle/runs";
import type { Conductor } from "./conductor.ts";
import { runsCalled } from "./load.ts";

/** What a person typed: `seattle-57`, `weather:seattle-57`, a run's id, each perhaps with `/step`. */
export interface Ref {
  run: string;
  project: string | undefined;
  step: string;
}

export function parseRef(ref: string, project: string | undefined): Ref {
  const { run: name, step } = partsOfTask(ref);
  const cut = name.indexOf(":");
  return cut < 0
    ? { run: name, project, step }
    : { run: name.slice(cut + 1), project: name.slice(0, cut), step };
}

/** The run that a ref means; undefined when there is none. @throws Problem E_AMBIGUOUS with the candidates. */
export async function findRun({ parts }: Conductor, { run, project }: Ref): Promise<Run | undefined> {
  const found = await runsCalled(parts.database.pool, run, project);
  const [only] = found;
  if (found.length <= 1) return only;
  throw new Problem("E_AMBIGUOUS", `${run} names ${found.length} runs.`, {
    why: found.map(({ scope, name }) => `${scope.project}:${name}`).join("\n"),
    next: "say which project: PROJECT:RUN",
  });
}

export async function theRun(conductor: Conductor, ref: string, project: string | undefined): Promise<Run> {
  const found = await findRun(conductor, parseRef(ref, project));
  if (found !== undefined) return found;
  throw new Problem("E_NOT_FOUND", `There is no run ${ref}.`, { next: "jackfield ls runs" });
}
