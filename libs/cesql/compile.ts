import { compileCall } from "./call.ts";
import type { EvaluationError } from "./errors.ts";
import type { BinaryOperator, Expression } from "./expression.ts";
import { textOf, type Run } from "./operands.ts";
import { arithmetic, comparison, logic, membership, negation, not, type Sides } from "./operators.ts";
import { parseCesql } from "./parse.ts";
import { compileLike } from "./pattern.ts";
import { isInteger, type Value } from "./values.ts";

/** Every evaluation has a value, also one that failed; it counts as a match only without errors (§1.2). */
export interface Evaluation {
  readonly value: Value;
  readonly errors: readonly EvaluationError[];
}

/** An event's attributes by name; data is none of them. */
export type Attributes = Readonly<Record<string, unknown>>;

/** Where an attribute's value comes from; undefined when it is missing. */
export type ReadAttribute<Source> = (source: Source, name: string) => unknown;

export const readAttribute: ReadAttribute<Attributes> = (attributes, name) =>
  name === "data" ? undefined : attributes[name];

/** Text → a function from attributes to value and errors. @throws CesqlError with the character's position. */
export const compileCesql = (text: string): ((attributes: Attributes) => Evaluation) =>
  compileExpression(parseCesql(text), readAttribute);

/** One evaluation; who asks more than once compiles. */
export const evaluateCesql = (expression: Expression, attributes: Attributes): Evaluation =>
  compileExpression(expression, readAttribute)(attributes);

/** Expression → closures, one for each operator, so that an evaluation looks at no tree. */
export function compileExpression<Source>(
  expression: Expression,
  read: ReadAttribute<Source>,
): (source: Source) => Evaluation {
  const run = compile(expression, read);
  return (source) => {
    const errors: EvaluationError[] = [];
    // An attribute that stands alone has no type; a missing one is taken for a Boolean (§3.2).
    return { value: run(source, errors) ?? false, errors };
  };
}

function compile<Source>(expression: Expression, read: ReadAttribute<Source>): Run<Source> {
  const { kind, position } = expression;
  const ready = (operand: Expression): Run<Source> => compile(operand, read);
  switch (kind) {
    case "literal":
      return constant(expression.value);
    case "attribute":
      return access(expression.name, position, read);
    case "exists":
      return (source) => primitive(read(source, expression.name)) !== undefined;
    case "unary":
      return (expression.operator === "NOT" ? not : negation)(ready(expression.operand), position);
    case "binary":
      return binary(expression.operator, {
        left: ready(expression.left),
        right: ready(expression.right),
        position,
      });
    case "like":
      return likeness(ready(expression.operand), expression.pattern, expression.negated);
    case "in":
      return membership({
        ...expression,
        operand: ready(expression.operand),
        set: expression.set.map(ready),
      });
    case "call":
      return compileCall({ ...expression, operands: expression.operands.map(ready) });
  }
}

const constant =
  (value: Value): (() => Value) =>
  () =>
    value;

function access<Source>(name: string, position: number, read: ReadAttribute<Source>): Run<Source> {
  const error: EvaluationError = { kind: "missingAttribute", position, message: `There is no ${name}` };
  return (source, errors) => {
    const value = primitive(read(source, name));
    if (value === undefined) errors.push(error);
    return value;
  };
}

/** Text, truth and 32-bit integers are themselves, other numbers text; anything else is no attribute. */
function primitive(value: unknown): Value | undefined {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value !== "number") return undefined;
  return isInteger(value) ? value : String(value);
}

function binary<Source>(operator: BinaryOperator, sides: Sides<Source>): Run<Source> {
  switch (operator) {
    case "AND":
    case "OR":
    case "XOR":
      return logic(operator, sides);
    case "*":
    case "/":
    case "%":
    case "+":
    case "-":
      return arithmetic(operator, sides);
    default:
      return comparison(operator, sides);
  }
}

function likeness<Source>(operand: Run<Source>, pattern: string, negated: boolean): Run<Source> {
  const text = textOf(operand);
  const fits = compileLike(pattern);
  return (source, errors) => {
    const value = text(source, errors);
    return value !== undefined && fits(value) !== negated;
  };
}
