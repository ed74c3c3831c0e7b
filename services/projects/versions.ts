import type { ColumnType, Kysely } from "kysely";
import type { PositionTables } from "@jackfield/postgres/position";
import type { AppliedProject } from "@jackfield/spec/project/configuration";
import type { ProjectOrigins } from "./origins.ts";

type Json<T> = ColumnType<T, string, never>;

export type Tables = PositionTables & {
  capabilities: { name: string; effects: string };
  versions: {
    project: string;
    version: number;
    digest: string;
    applied: Json<AppliedProject>;
    origins: Json<ProjectOrigins>;
    by: string | null;
    reason: string | null;
    at: Date;
  };
};

export type Db = Kysely<Tables>;

/** One applied version of a project. */
export interface Version {
  project: string;
  version: number;
  digest: string;
  applied: AppliedProject;
  origins: ProjectOrigins;
  by: string | null;
  reason: string | null;
  at: Date;
}

/** The version in force, or one by its number. */
export const versionOf = (db: Db, project: string, version?: number): Promise<Version | undefined> =>
  db
    .selectFrom("versions")
    .selectAll()
    .where("project", "=", project)
    .$if(version !== undefined, (query) => query.where("version", "=", version ?? 0))
    .orderBy("version", "desc")
    .limit(1)
    .executeTakeFirst();

/** Each project in its version in force, by name. */
export const latestVersions = (db: Db): Promise<Version[]> =>
  db
    .selectFrom("versions")
    .distinctOn("project")
    .selectAll()
    .orderBy("project")
    .orderBy("version", "desc")
    .execute();

/** Of two facts with one version the first in the stream stands. */
export async function keepVersions(db: Db, versions: readonly Version[]): Promise<void> {
  if (versions.length === 0) return;
  await db
    .insertInto("versions")
    .values(
      versions.map((version) => ({
        ...version,
        applied: JSON.stringify(version.applied),
        origins: JSON.stringify(version.origins),
      })),
    )
    .onConflict((conflict) => conflict.columns(["project", "version"]).doNothing())
    .execute();
}
