import { descriptor, digest, type Descriptor } from "@jackfield/spec/event/artifact";
import type { KeptEvent } from "../kept-event.ts";
import { isObject, isQuestion, type CountedFinish } from "./attempts.ts";

export interface Artifact {
  digest: string;
  project: string;
  mediaType: string;
  size: number | undefined;
  name: string | undefined;
}

export interface Lineage {
  digest: string;
  project: string;
  task: string;
  produced: boolean;
}

export interface Artifacts {
  artifacts: Artifact[];
  lineage: Lineage[];
}

/**
 * Every descriptor anywhere in an event's data makes an artifact of the event's project. Inputs of a `triggered` are used
 * by its task; outputs and logs of a counted `finished` are made by it, unless the cache answered: then another run's
 * task made them. Both lists are sorted by key and name nothing twice.
 */
export function foldArtifacts(events: readonly KeptEvent[], counted: readonly CountedFinish[]): Artifacts {
  const finishes = new Map(counted.map((one) => [one.finish, one]));
  const artifacts = new Map<string, Artifact>();
  const lineage = new Map<string, Lineage>();
  for (const kept of events) {
    const project = kept.event.project ?? "";
    const found = descriptorsIn(kept);
    for (const { digest, mediaType, size, name } of found) {
      const key = `${digest}\n${project}`;
      const first = artifacts.get(key);
      if (first === undefined) artifacts.set(key, { digest, project, mediaType, size, name });
      else first.name ??= name;
    }
    const link = found.length === 0 ? undefined : linkOf(kept, finishes.get(kept));
    if (link === undefined) continue;
    for (const { digest } of found)
      lineage.set(`${digest}\n${project}\n${link.task}\n${link.produced}`, { digest, project, ...link });
  }
  return { artifacts: sortedByKey(artifacts), lineage: sortedByKey(lineage) };
}

const sortedByKey = <T>(map: Map<string, T>): T[] =>
  [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);

function linkOf(
  { event }: KeptEvent,
  counted: CountedFinish | undefined,
): Pick<Lineage, "task" | "produced"> | undefined {
  if (isQuestion(event) && event.subject !== undefined) return { task: event.subject, produced: false };
  const cached = isObject(event.data) && event.data["cached"] === true;
  if (counted === undefined || cached) return undefined;
  return { task: counted.question.task, produced: true };
}

function descriptorsIn({ event }: KeptEvent): Pick<Artifact, "digest" | "mediaType" | "size" | "name">[] {
  const found: Descriptor[] = [];
  collect(event.data, found, 0);
  const described = found.map(({ digest, mediaType, size, name }) => ({ digest, mediaType, size, name }));
  if (event.datadigest === undefined || !digest.safeParse(event.datadigest).success) return described;
  const mediaType = event.datacontenttype ?? "application/json";
  return [...described, { digest: event.datadigest, mediaType, size: undefined, name: undefined }];
}

/** Deeper than any contract goes; what a stranger nests deeper is kept, but not searched. */
const maxDepth = 24;

function collect(value: unknown, found: Descriptor[], depth: number): void {
  if (typeof value !== "object" || value === null || depth > maxDepth) return;
  // Most objects have no digest: looking for one first spares them the schema.
  if ("digest" in value && "mediaType" in value) {
    const parsed = descriptor.safeParse(value);
    if (parsed.success) found.push(parsed.data);
  }
  for (const part of Object.values(value)) collect(part, found, depth + 1);
}
