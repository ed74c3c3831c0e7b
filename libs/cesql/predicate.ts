import { isFunction, missing } from "./call.ts";
import { compileExpression, type ReadAttribute } from "./compile.ts";
import { CesqlError } from "./errors.ts";
import type { Expression } from "./expression.ts";
import { parseCesql } from "./parse.ts";

/**
 * Text → does it hold? Only the value true without any error does (CESQL 1.0.0 §1.2). Stricter than the language where
 * the language would silently never match, or where two readers would differ: unknown functions and AND beside OR
 * without parentheses are refused. @throws CesqlError with the character's position.
 */
export function compilePredicate<Source>(
  text: string,
  read: ReadAttribute<Source>,
): (source: Source) => boolean {
  const expression = parseCesql(text, { mixedLogic: "refused" });
  refuseUnknown(expression);
  const evaluate = compileExpression(expression, read);
  return (source) => {
    const { value, errors } = evaluate(source);
    return value === true && errors.length === 0;
  };
}

function refuseUnknown(expression: Expression): void {
  if (expression.kind === "call" && !isFunction(expression.name, expression.operands.length))
    throw new CesqlError(
      "missingFunction",
      missing(expression.name, expression.operands.length),
      expression.position,
    );
  operandsOf(expression).forEach(refuseUnknown);
}

function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "unary":
    case "like":
      return [expression.operand];
    case "binary":
      return [expression.left, expression.right];
    case "in":
      return [expression.operand, ...expression.set];
    case "call":
      return expression.operands;
    default:
      return [];
  }
}
