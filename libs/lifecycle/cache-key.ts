import { digestOfJson } from "@jackfield/spec/event/canonical";
import type { CacheParts } from "./tasks.ts";

/** Who would answer, as far as that changes the answer. */
export interface Answering {
  handler: string;
  version: string;
  environment: string | undefined;
  contract: string;
}

/**
 * What must be equal for an answer to be equal (RFC 8785, SHA-256): project, capability, handler, versions,
 * environment and inputs. Never run, time, host or path; artifacts count by their digest alone.
 */
export const cacheKey = (
  { project, capability }: { project: string; capability: string },
  who: Answering,
  inputs: Record<string, unknown>,
): string =>
  digestOfJson({
    project,
    capability,
    handler: who.handler,
    version: who.version,
    contract: who.contract,
    environment: who.environment ?? null,
    inputs: byDigest(inputs),
  });

/** An artifact is its bytes: its name, size and the description of its columns say nothing more. */
function byDigest(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(byDigest);
  if (typeof value !== "object" || value === null) return value;
  if ("digest" in value && "mediaType" in value && typeof value.digest === "string")
    return { digest: value.digest };
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, content]) => content !== undefined)
      .map(([field, content]) => [field, byDigest(content)]),
  );
}

const longestWord = 60;

/** The key as words, two levels deep, so that two entries can be compared and the difference named. */
export function cachePartsOf(who: Answering, inputs: Record<string, unknown>): CacheParts {
  const parts: CacheParts = {
    handler: who.handler,
    "handler version": who.version,
    contract: who.contract,
    ...(who.environment !== undefined && { environment: who.environment }),
  };
  for (const [field, value] of Object.entries(inputs)) {
    const reduced = byDigest(value);
    if (isPlain(reduced) && !("digest" in reduced)) {
      for (const [inner, content] of Object.entries(reduced)) parts[`${field}.${inner}`] = wordOf(content);
    } else parts[field] = wordOf(reduced);
  }
  return parts;
}

const isPlain = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function wordOf(value: unknown): string {
  if (isPlain(value) && "digest" in value && typeof value.digest === "string")
    return value.digest.slice(0, 19);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= longestWord ? text : digestOfJson(value).slice(0, 19);
}

/** The parts in which two entries differ, with both values. */
export function differences(
  before: CacheParts,
  now: CacheParts,
): { part: string; before: string; now: string }[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return names
    .map((part) => ({ part, before: before[part] ?? "nothing", now: now[part] ?? "nothing" }))
    .filter((pair) => pair.before !== pair.now);
}
