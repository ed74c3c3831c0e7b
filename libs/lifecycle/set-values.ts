import { Problem } from "@jackfield/problem/problem";
import { nearestNames } from "@jackfield/problem/nearest";
import { configuration, type Configuration } from "@jackfield/spec/project/configuration";

/**
 * A configuration with values of one run's own: path (`train.params.trees`) → value.
 * @throws Problem E_INVALID for a path that a configuration does not have, or a value that does not fit there.
 */
export function withValues(base: Configuration, values: Record<string, unknown>): Configuration {
  const changed: unknown = structuredClone(base);
  for (const [path, value] of Object.entries(values)) setAt(changed, path, value);
  const parsed = configuration.safeParse(changed);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Problem("E_INVALID", `The values of this run do not fit the configuration.`, {
      why: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is wrong"}`,
      next: "jackfield show --resolved prints what may stand there",
    });
  }
  for (const path of Object.keys(values)) {
    // What the contract does not know it drops; a value that nobody reads must not look accepted.
    if (!pathsOf(parsed.data).has(path)) throw unknownPath(path, parsed.data);
  }
  return parsed.data;
}

function setAt(document: unknown, path: string, value: unknown): void {
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  let place = document;
  for (const key of keys) place = isRecord(place) && Object.hasOwn(place, key) ? place[key] : undefined;
  if (!isRecord(place) || last === "__proto__") throw unknownPath(path, document);
  place[last] = value;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

function pathsOf(document: unknown, prefix = ""): Set<string> {
  const paths = new Set<string>();
  if (!isRecord(document)) return paths;
  for (const [key, value] of Object.entries(document)) {
    paths.add(`${prefix}${key}`);
    for (const path of pathsOf(value, `${prefix}${key}.`)) paths.add(path);
  }
  return paths;
}

function unknownPath(path: string, document: unknown): Problem {
  const near = nearestNames(path, [...pathsOf(document)]);
  return new Problem("E_INVALID", `The configuration has no ${path}.`, {
    ...(near.length > 0 && { why: `nearest: ${near.join(", ")}` }),
    next: "jackfield show --resolved prints every path",
  });
}
