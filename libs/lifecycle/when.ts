import { compileCesql, readAttribute, type Evaluation, type Attributes } from "@jackfield/cesql/compile";
import { CesqlError } from "@jackfield/cesql/errors";
import { compilePredicate } from "@jackfield/cesql/predicate";
import { Problem } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Step } from "@jackfield/spec/project/workflow";

// Compiling is pure, and the same few conditions are asked again and again.
const mostKnown = 1_000;
const compiled = new Map<string, (attributes: Attributes) => Evaluation>();

/** Why a step's `when` says no to a finished event, in words; undefined when it says yes, or there is none. */
export function refusedBy({ when }: Pick<Step, "when">, event: CloudEvent): string | undefined {
  if (when === undefined) return undefined;
  const { value, errors } = evaluate(when, event);
  const [error] = errors;
  if (error !== undefined) return `when ${when} could not be answered: ${error.message}`;
  return value === true ? undefined : `when ${when} says no to ${event.id}`;
}

function evaluate(text: string, event: CloudEvent): Evaluation {
  const known = compiled.get(text) ?? compileCesql(text);
  if (compiled.size > mostKnown) compiled.clear();
  compiled.set(text, known);
  return known(event);
}

/** @throws Problem E_INVALID for a `when` that is no condition. */
export function checkWhen({ name, when }: Pick<Step, "name" | "when">): void {
  if (when === undefined) return;
  try {
    compilePredicate(when, readAttribute);
  } catch (thrown) {
    if (!(thrown instanceof CesqlError)) throw thrown;
    throw new Problem("E_INVALID", `${name}: when is not understood`, {
      why: `${thrown.message}, at character ${thrown.position + 1} of ${when}`,
      next: "write it as CESQL over the attributes of the finished event: result = 'fail'",
    });
  }
}
