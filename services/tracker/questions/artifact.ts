import type { artifact } from "@jackfield/spec/ask/tracker";
import type { z } from "zod";
import type { Db } from "../tables.ts";

const mostTasks = 200;

/** Is it known (in this project), what is it, which tasks made it and which used it? */
export async function artifactNamed(
  db: Db,
  { digest, project }: z.output<typeof artifact.input>,
): Promise<z.input<typeof artifact.answer>> {
  const known = await db
    .selectFrom("artifacts")
    .select(["media_type", "name"])
    .where("digest", "=", digest)
    .$if(project !== undefined, (query) => query.where("project", "=", project ?? ""))
    .orderBy("project")
    .limit(1)
    .executeTakeFirst();
  if (known === undefined) return { known: false, producedBy: [], usedBy: [] };
  const tasks = (produced: boolean): Promise<string[]> => tasksOf(db, { digest, project, produced });
  return {
    known: true,
    mediaType: known.media_type,
    ...(known.name !== null && { name: known.name }),
    producedBy: await tasks(true),
    usedBy: await tasks(false),
  };
}

interface Link {
  digest: string;
  project: string | undefined;
  produced: boolean;
}

async function tasksOf(db: Db, { digest, project, produced }: Link): Promise<string[]> {
  const rows = await db
    .selectFrom("lineage")
    .select("task")
    .where("digest", "=", digest)
    .where("produced", "=", produced)
    .$if(project !== undefined, (query) => query.where("project", "=", project ?? ""))
    .orderBy("task")
    .limit(mostTasks)
    .execute();
  return rows.map(({ task }) => task);
}
