import { Problem } from "@jackfield/problem/problem";
import { at } from "@jackfield/learning/values";

/**
 * For each row of the truth: where its prediction stands.
 * @throws Problem E_ROWS_MISSING with the first three ids when a row has no prediction, several, or is no test row:
 * leaving such rows out would judge another, easier test.
 */
export function joinByRowId(truth: readonly string[], predictions: readonly string[]): number[] {
  const places = new Map<string, number>();
  const doubled = new Set<string>();
  for (const [place, id] of predictions.entries()) {
    if (places.has(id)) doubled.add(id);
    places.set(id, place);
  }
  const tested = new Set(truth);
  const missing = truth.filter((id) => !places.has(id));
  const strange = [...places.keys()].filter((id) => !tested.has(id));
  const faults = [
    say(missing, `of ${truth.length} test rows have no prediction`),
    say([...doubled], `of ${truth.length} test rows are predicted more than once`),
    say(strange, "predictions are for rows that are not in the test table"),
  ].filter((fault) => fault !== undefined);
  if (faults.length === 0) return truth.map((id) => places.get(id) ?? 0);
  throw new Problem("E_ROWS_MISSING", faults.map(({ what }) => what).join("; "), {
    why: faults.map(({ first }) => first).join("; "),
    next: "predict each row of the test table once, and carry its __row_id to the prediction",
  });
}

function say(ids: readonly string[], words: string): { what: string; first: string } | undefined {
  if (ids.length === 0) return undefined;
  const first = ids.slice(0, 3).join(", ");
  return {
    what: `${ids.length} ${words}`,
    first: ids.length === 1 ? `it is ${first}` : `the first are ${first}`,
  };
}

/** Values of predictions in the order of the truth. */
export const inOrder = <T>(places: readonly number[], values: ArrayLike<T>): T[] =>
  places.map((place) => at(values, place));
