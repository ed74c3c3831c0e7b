import { Problem } from "@jackfield/problem/problem";
import type { SubprojectSettings } from "@jackfield/spec/project/file";
import type { SliceRule } from "@jackfield/spec/project/rules";
import { defaults } from "./defaults.ts";
import type { Piece } from "./pieces.ts";
import type { Path, Source } from "./source.ts";

type SplitShort = NonNullable<SubprojectSettings["split"]>;
type SplitMap = Exclude<SplitShort, number>;

/** Methods, and the fields that mean something to each; any other word under `by` is a column. */
const methods = {
  auto: ["test"],
  quota: ["test", "stratify"],
  hash: ["test", "key"],
  column: ["test", "train"],
} as const;

type Method = keyof typeof methods;

const isMethod = (word: string): word is Exclude<Method, "column"> =>
  word !== "column" && Object.hasOwn(methods, word);

/**
 * `split:` as people write it → the pieces of a split rule. A bare share is a quota; `by` is a method or a column.
 * @throws Problem E_YAML when a field means nothing to the method.
 */
export function splitPieces(split: SplitShort | undefined, path: Path, source: Source): Piece[] {
  if (split === undefined)
    return [
      { at: ["split", "method"], value: defaults.split.method },
      { at: ["split", "test"], value: defaults.split.test },
    ];
  if (typeof split === "number")
    return [
      { at: ["split", "method"], value: "quota" },
      { at: ["split", "test"], value: split, said: path },
    ];
  const method = methodOf(split);
  checkFields(split, method, { path, source });
  const by = [...path, "by"];
  const named: Piece =
    split.by === undefined
      ? { at: ["split", "method"], value: method }
      : { at: ["split", "method"], value: method, said: by };
  const column: Piece[] = method === "column" ? [{ at: ["split", "column"], value: split.by, said: by }] : [];
  const fields = (["test", "train", "stratify", "key"] as const).flatMap((field): Piece[] =>
    split[field] === undefined ? [] : [{ at: ["split", field], value: split[field], said: [...path, field] }],
  );
  return [named, ...column, ...fields];
}

const methodOf = ({ by }: SplitMap): Method => (by === undefined ? "quota" : isMethod(by) ? by : "column");

function checkFields(split: SplitMap, method: Method, at: { path: Path; source: Source }): void {
  const { path, source } = at;
  const known: readonly string[] = ["by", ...methods[method]];
  const stray = Object.keys(split).find((field) => !known.includes(field));
  const whose = method === "column" ? `a split by the column ${split.by ?? ""}` : `a split by ${method}`;
  if (stray !== undefined)
    throw new Problem("E_YAML", `split.${stray} means nothing to ${whose}`, {
      here: source.placeOfKey([...path, stray]),
      why: `it takes ${known.join(", ")}`,
    });
  if (method === "column" && typeof split.test === "number")
    throw new Problem("E_YAML", `${whose} needs a range, not a share`, {
      here: source.place([...path, "test"]),
      why: `by is a column here; the methods that take a share are auto, quota and hash`,
      next: `name the rows, as in { by: ${split.by ?? ""}, test: 2015-01-01.. }, or write by: quota`,
    });
  if (method !== "column" && typeof split.test !== "number")
    throw new Problem("E_YAML", `${whose} needs a share, not a range`, {
      here: source.place([...path, "test"]),
      next: "name the column: { by: COLUMN, test: RANGE }, or give a share as in { by: quota, test: 0.2 }",
    });
}

/** A split by ranges of dates is judged by season too; other splits have no slices unless the file says so. */
export function defaultSlices(split: SplitShort | undefined): SliceRule[] {
  if (split === undefined || typeof split === "number" || methodOf(split) !== "column") return [];
  const bounds = [split.test, split.train ?? []].flat().flatMap((range) => String(range).split(".."));
  const said = bounds.filter((bound) => bound !== "");
  const dates =
    said.length > 0 && said.every((bound) => /^\d{4}-\d{2}(-\d{2})?([T ].*)?$/.test(bound.trim()));
  return dates ? [{ name: "season", column: split.by ?? "", by: "season", atLeast: defaults.sliceRows }] : [];
}
