import { Problem } from "@jackfield/problem/problem";
import { nearestNames } from "@jackfield/problem/nearest";
import type { Db } from "../tables.ts";
import type { StoredRun } from "./runs.ts";

const mostNames = 2_000;

/**
 * A run by what a person typed: its id, its name (`seattle-57`), or both with the project (`weather:seattle-57`).
 * @throws Problem E_NOT_FOUND with the nearest names, E_AMBIGUOUS with the candidates
 */
export async function runOf(db: Db, ref: string, project: string | undefined): Promise<StoredRun> {
  const [, inProject = project, name = ref] = /^(?:([^:]+):)?(.+)$/.exec(ref) ?? [];
  const found = await db
    .selectFrom("runs")
    .selectAll()
    .where("started_epoch", "is not", null)
    .where((where) => where.or([where("run", "=", name), where("runname", "=", name)]))
    .$if(inProject !== undefined, (query) => query.where("project", "=", inProject ?? ""))
    .orderBy("project")
    .limit(20)
    .execute();
  const [run, ...others] = found;
  if (run === undefined) throw await notFound(db, name, inProject);
  if (others.length === 0) return run;
  throw new Problem("E_AMBIGUOUS", `${name} names ${found.length} runs.`, {
    why: found
      .map((candidate) => `${candidate.project ?? ""}:${candidate.runname ?? ""} (${candidate.run})`)
      .join("\n"),
    next: "Name the project as well, as in weather:seattle-57, or the run's id.",
  });
}

async function notFound(db: Db, name: string, project: string | undefined): Promise<Problem> {
  const youngest = await db
    .selectFrom("runs")
    .select("runname")
    .where("runname", "is not", null)
    .$if(project !== undefined, (query) => query.where("project", "=", project ?? ""))
    .orderBy("started_epoch", "desc")
    .orderBy("started_sequence", "desc")
    .limit(mostNames)
    .execute();
  const near = nearestNames(name, [...new Set(youngest.map(({ runname }) => runname ?? ""))]);
  return new Problem(
    "E_NOT_FOUND",
    `There is no run ${name}${project === undefined ? "" : ` in ${project}`}.`,
    {
      ...(near.length > 0 && { why: `Near it: ${near.join(", ")}` }),
      next: "jackfield ls runs",
    },
  );
}
