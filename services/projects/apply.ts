import type { z } from "zod";
import { Problem } from "@jackfield/problem/problem";
import type { Published } from "@jackfield/events/publish";
import type { apply } from "@jackfield/spec/ask/projects";
import { digestOfJson } from "@jackfield/spec/event/canonical";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { factId, sourceOfService } from "@jackfield/spec/event/ids";
import { printPosition, type Position } from "@jackfield/spec/event/position";
import { configApplied } from "@jackfield/spec/facts/config";
import type { ProjectFile } from "@jackfield/spec/project/file";
import type { Effects } from "./capabilities.ts";
import { changesOfProject, type Change } from "./changes.ts";
import { runsInGates, type References } from "./gate-form.ts";
import { longForm, type LongForm } from "./long-form.ts";
import { packOrigins } from "./origins.ts";
import { readProjectFile } from "./project-file.ts";
import type { Version } from "./versions.ts";

export type Asked = z.output<typeof apply.input>;
type Answered = z.input<typeof apply.answer>;

/** What applying needs from the world. */
export interface World {
  current(project: string): Promise<Version | undefined>;
  version(project: string, version: number): Promise<Version | undefined>;
  /** What somebody published or answers. */
  capabilities(): Promise<Effects>;
  /** What a run measured, by its name; nothing when there is none of that name. */
  metricsOf(project: string, run: string): Promise<Readonly<Record<string, number>> | undefined>;
  publish(event: CloudEvent): Promise<Published>;
  /** Resolves when the log was read back up to here. */
  readBack(position: Position): Promise<void>;
  now(): Date;
}

/**
 * Makes a file true as one new version, or says what that would change. Equal content is no new version.
 * @throws Problem E_YAML and its kin for the file, E_APPLY_RACE when another version came between.
 */
export async function applyFile(asked: Asked, world: World): Promise<Answered> {
  const read = readProjectFile(asked.text, asked.file);
  const { file } = read;
  if (asked.only?.includes(file.project) === false)
    throw new Problem("E_TOKEN_SCOPE", `This token is not for project ${file.project}.`, {
      why: `it is for ${asked.only.join(", ")}`,
      here: "/project",
    });
  const form = longForm(read, await world.capabilities(), await referencesOf(file, world));
  const { applied } = form;
  const digest = digestOfJson(applied);
  const before = await world.current(applied.project);
  const { project } = applied;
  const about = { project, digest, subprojects: Object.keys(applied.subprojects), bind: bindIn(applied) };
  if (before?.digest === digest) return { ...about, version: before.version, changes: [] };
  await checkRace(asked, applied.project, before, world);
  const changes = changesOfProject(before?.applied, applied).map(jsonChange);
  const answer = { ...about, version: (before?.version ?? 0) + 1, changes };
  if (asked.dryRun === true) return answer;
  const { position } = await world.publish(appliedEvent(form, { ...answer, asked, time: world.now() }));
  await world.readBack(position);
  const stands = await world.version(applied.project, answer.version);
  if (stands?.digest !== digest) throw raced(applied.project, stands, answer.version - 1);
  return { ...answer, position: printPosition(position) };
}

const bindIn = ({ bind }: LongForm["applied"]): Answered["bind"] =>
  Object.fromEntries(
    Object.entries(bind).flatMap(([capability, { to }]) => (to === undefined ? [] : [[capability, to]])),
  );

async function referencesOf(file: ProjectFile, world: World): Promise<References> {
  const found = await Promise.all(
    runsInGates(file).map(async (run) => [run, (await world.metricsOf(file.project, run)) ?? {}] as const),
  );
  return new Map(found);
}

// Changes are cut out of a parsed file and a stored form, so they are JSON.
const jsonChange = (change: Change): Answered["changes"][number] => change as Answered["changes"][number];

async function checkRace(
  { expectedVersion }: Asked,
  project: string,
  before: Version | undefined,
  world: World,
): Promise<void> {
  if (expectedVersion === undefined || expectedVersion === (before?.version ?? 0)) return;
  const based = await world.version(project, expectedVersion);
  throw raced(project, before, expectedVersion, based);
}

function raced(project: string, now: Version | undefined, expected: number, based?: Version): Problem {
  const paths = changesOfProject(based?.applied, now?.applied).map(({ path }) => path);
  const shown = paths.slice(0, 5).join(", ") + (paths.length > 5 ? `, and ${paths.length - 5} more` : "");
  const who = `${now?.by ?? "somebody"} applied version ${now?.version ?? 0}`;
  const when = now === undefined ? "" : ` at ${now.at.toISOString()}`;
  return new Problem("E_APPLY_RACE", `${project} is not at version ${expected} any more`, {
    why: now === undefined ? `${project} was never applied` : `${who}${when}: ${shown}`,
    next: "look at what is different with jackfield apply --dry-run, then apply again",
  });
}

interface About {
  project: string;
  version: number;
  digest: string;
  asked: Asked;
  time: Date;
}

function appliedEvent(
  { applied, origins }: LongForm,
  { project, version, digest, asked, time }: About,
): CloudEvent {
  const id = factId(project, version, "applied");
  return {
    specversion: "1.0",
    id,
    source: sourceOfService("projects"),
    type: configApplied.type,
    subject: project,
    time: time.toISOString(),
    datacontenttype: "application/json",
    correlationid: id,
    organization: applied.organization,
    project,
    data: configApplied.data.parse({
      version,
      digest,
      applied,
      origins: packOrigins(origins),
      ...(asked.by !== undefined && { by: asked.by }),
      ...(asked.reason !== undefined && { reason: asked.reason }),
    }),
  };
}
