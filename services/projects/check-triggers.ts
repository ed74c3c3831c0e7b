import { parseFilter, type Filter } from "@jackfield/cesql/filter";
import { Problem } from "@jackfield/problem/problem";
import type { Path, Source } from "./source.ts";

/** Facts that have a word of their own; anything else under `on:` is a filter that names a type. */
const words: readonly string[] = ["code", "data"];
/** Words and schedules that this release knows and cannot keep; what has quotes is a filter with an expression. */
const later = /^(drift|[^'"]*\s[\d*/,-]+\s[^'"]*)$/;

/** @throws Problem E_YAML with the place of the first trigger that could never fire, or would fire at everything. */
export function checkTriggers(on: readonly string[], path: Path, source: Source): void {
  for (const [index, trigger] of on.entries()) {
    if (words.includes(trigger)) continue;
    const here = source.place([...path, index]);
    if (later.test(trigger)) throw notYet(trigger, here);
    const filter = filterOf(trigger, here);
    if (!filter.every((clauses) => clauses.some(({ kind }) => kind === "type"))) throw noType(trigger, here);
    const odd = filter.flat().find((clause) => clause.kind === "type" && !clause.glob.includes("."));
    if (odd !== undefined) throw noType(trigger, here);
  }
}

function filterOf(trigger: string, here: string): Filter {
  try {
    return parseFilter(trigger);
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    throw new Problem("E_YAML", `The trigger ${trigger} is not understood`, {
      here,
      ...(thrown.why !== undefined && { why: thrown.why }),
      next: "write it like run.finished outcome=pass",
    });
  }
}

const notYet = (trigger: string, here: string): Problem =>
  new Problem("E_YAML", `on: ${trigger} is not supported in this release`, {
    here,
    why: `a run can be started by ${words.join(" and ")}, by a type of event, and by anybody who asks`,
    next: "take it out, and let CI run: jackfield run",
  });

const noType = (trigger: string, here: string): Problem =>
  new Problem("E_YAML", `The trigger ${trigger} names no type of event`, {
    here,
    why: `what is neither ${words.join(" nor ")} is a filter, and each side of | needs a type with a dot`,
    next: "write it like run.finished outcome=pass",
  });
