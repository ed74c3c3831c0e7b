import { nearestNames } from "@jackfield/problem/nearest";
import { Problem } from "@jackfield/problem/problem";
import { answerTo, askService } from "@jackfield/service/answer";
import { defineService, type Parts } from "@jackfield/service/define";
import { apply, configuration, projectList } from "@jackfield/spec/ask/projects";
import { run as runQuestion } from "@jackfield/spec/ask/tracker";
import { applyFile, type World } from "./apply.ts";
import { knownCapabilities } from "./capabilities.ts";
import { createReadings, foldVersions, type Readings } from "./fold.ts";
import { inTurn } from "@jackfield/service/in-turn";
import { unpackOrigins } from "./origins.ts";
import { latestVersions, versionOf, type Db, type Tables, type Version } from "./versions.ts";

interface Projects {
  db: Db;
  readings: Readings;
}

/** How long an answer waits until its fact was read back. */
const readBackMs = 10_000;

export const projects = defineService({
  name: "projects",
  migrations: new URL("./migrations/", import.meta.url),
  state: ({ database }): Projects => ({
    db: database.kysely.withTables<Tables>(),
    readings: createReadings(),
  }),
  reads: ({ db, readings }) => foldVersions(db, readings),
  answers: (state, parts) => {
    const oneByOne = inTurn();
    const world = worldOf(state, parts);
    return [
      answerTo(apply, (asked) => oneByOne(() => applyFile(asked, world))),
      answerTo(configuration, async ({ project, version }) => {
        const found = await versionOf(state.db, project, version);
        if (found === undefined) throw await unknownProject(state.db, project, version);
        return longAnswer(found);
      }),
      answerTo(projectList, async () => ({
        projects: (await latestVersions(state.db)).map(({ project, version, applied }) => ({
          project,
          version,
          subprojects: Object.keys(applied.subprojects),
        })),
      })),
    ];
  },
});

const worldOf = ({ db, readings }: Projects, { publisher, signal, events }: Parts): World => ({
  current: (project) => versionOf(db, project),
  version: (project, version) => versionOf(db, project, version),
  capabilities: () => knownCapabilities(db),
  metricsOf: async (project, ref) => {
    const found = await askService(events, runQuestion, { project, ref }).catch((thrown: unknown) => {
      if (thrown instanceof Problem && thrown.code === "E_NOT_FOUND") return undefined;
      throw thrown;
    });
    return found?.run.metrics;
  },
  publish: (event) => publisher.publish(event),
  readBack: (position) =>
    readings.until(position, AbortSignal.any([signal, AbortSignal.timeout(readBackMs)])).catch(() => {
      throw new Problem("E_WAITED", "The project file was accepted, but was not read back in time", {
        next: "ask again: jackfield show --resolved",
      });
    }),
  now: () => new Date(),
});

const longAnswer = ({ version, digest, applied, origins, by, at }: Version) => ({
  version,
  digest,
  applied,
  origins: unpackOrigins(origins, Object.keys(applied.subprojects)),
  ...(by !== null && { by }),
  at: at.toISOString(),
});

async function unknownProject(db: Db, project: string, version?: number): Promise<Problem> {
  const known = await latestVersions(db);
  const latest = known.find((each) => each.project === project);
  if (latest !== undefined)
    return new Problem("E_NOT_FOUND", `${project} has no version ${version ?? ""}`, {
      why: `the last one is ${latest.version}`,
    });
  const near = nearestNames(
    project,
    known.map((each) => each.project),
  );
  return new Problem("E_NOT_FOUND", `No project ${project} was applied`, {
    next: near.length > 0 ? `did you mean ${near.join(" or ")}?` : "jackfield apply, in the project's folder",
  });
}
