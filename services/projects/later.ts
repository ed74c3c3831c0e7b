import { Problem } from "@jackfield/problem/problem";
import type { Path, Source } from "./source.ts";

/** Keys of the project file that this release knows by name and cannot keep: refused, because ignoring them would be a lie. */
export const laterKeys = [
  "approve",
  "code",
  "configurations",
  "deploy",
  "env",
  "environment",
  "folds",
  "foreach",
  "grace",
  "hpo",
  "monitor",
  "notify",
  "predict",
  "prepare",
  "release",
  "resources",
  "retrain",
  "searches",
  "secrets",
  "space",
  "stages",
  "test",
] as const;

export const isLater = (key: string): boolean => (laterKeys as readonly string[]).includes(key);

export const notYet = (key: string, source: Source, path: Path): Problem =>
  new Problem("E_YAML", `${key} is not supported in this release`, {
    here: source.placeOfKey(path),
    why: "a setting that nothing acts on would look as if it held",
    next: `take ${key} out of ${source.file}`,
  });
