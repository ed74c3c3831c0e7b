import type { ArithmeticOperator, ComparisonOperator, LogicOperator } from "./expression.ts";
import { booleanOf, castError, integerOf, type Run } from "./operands.ts";
import { isInteger, toTypeOf } from "./values.ts";

/** Both sides of an operator, made ready. */
export interface Sides<Source> {
  left: Run<Source>;
  right: Run<Source>;
  position: number;
}

const results: Record<ArithmeticOperator, (x: number, y: number) => number> = {
  "+": (x, y) => x + y,
  "-": (x, y) => x - y,
  "*": (x, y) => x * y,
  "/": (x, y) => Math.trunc(x / y),
  "%": (x, y) => x % y,
};

/** A result that is no 32-bit integer (too large, or by zero) is 0 and a math error. */
export function arithmetic<Source>(operator: ArithmeticOperator, sides: Sides<Source>): Run<Source> {
  const { position } = sides;
  const left = integerOf(sides.left, position);
  const right = integerOf(sides.right, position);
  const resultOf = results[operator];
  return (source, errors) => {
    const x = left(source, errors);
    const y = right(source, errors);
    if (x === undefined || y === undefined) return 0;
    const result = resultOf(x, y);
    // `| 0` makes the zero of 0 * -1 an ordinary one.
    if (isInteger(result)) return result | 0;
    errors.push({ kind: "math", position, message: `${x} ${operator} ${y} is no integer of 32 bits` });
    return 0;
  };
}

export const negation = <Source>(operand: Run<Source>, position: number): Run<Source> =>
  arithmetic("-", { left: () => 0, right: operand, position });

const orders: Record<Exclude<ComparisonOperator, "=" | "!=">, (x: number, y: number) => boolean> = {
  "<": (x, y) => x < y,
  "<=": (x, y) => x <= y,
  ">": (x, y) => x > y,
  ">=": (x, y) => x >= y,
};

export function comparison<Source>(operator: ComparisonOperator, sides: Sides<Source>): Run<Source> {
  if (operator === "=" || operator === "!=") return equality(operator === "=", sides);
  const { position } = sides;
  const left = integerOf(sides.left, position);
  const right = integerOf(sides.right, position);
  const holds = orders[operator];
  return (source, errors) => {
    const x = left(source, errors);
    const y = right(source, errors);
    return x !== undefined && y !== undefined && holds(x, y);
  };
}

/** The right operand says which type is compared (§3.7). */
const equality =
  <Source>(wanted: boolean, { left, right, position }: Sides<Source>): Run<Source> =>
  (source, errors) => {
    const x = left(source, errors);
    const y = right(source, errors);
    if (x === undefined || y === undefined) return false;
    if (typeof x === typeof y) return (x === y) === wanted;
    const cast = toTypeOf(y, x);
    if (cast !== undefined) return (cast === y) === wanted;
    errors.push(castError(x, typeof y === "number" ? "Integer" : "Boolean", position));
    return false;
  };

export function logic<Source>(operator: LogicOperator, sides: Sides<Source>): Run<Source> {
  const left = booleanOf(sides.left, sides.position);
  const right = booleanOf(sides.right, sides.position);
  switch (operator) {
    case "AND":
      return (source, errors) => left(source, errors) === true && right(source, errors) === true;
    case "OR":
      return (source, errors) => {
        const x = left(source, errors);
        return x === true || (x === false && right(source, errors) === true);
      };
    case "XOR":
      return (source, errors) => {
        const x = left(source, errors);
        const y = right(source, errors);
        return x !== undefined && y !== undefined && x !== y;
      };
  }
}

export const not = <Source>(operand: Run<Source>, position: number): Run<Source> => {
  const boolean = booleanOf(operand, position);
  return (source, errors) => boolean(source, errors) === false;
};

interface Membership<Source> {
  operand: Run<Source>;
  set: readonly Run<Source>[];
  negated: boolean;
  position: number;
}

/** One `=` after the other until one holds, each element cast to the type of the left side (§3.4.5). */
export const membership =
  <Source>({ operand, set, negated, position }: Membership<Source>): Run<Source> =>
  (source, errors) => {
    const x = operand(source, errors);
    if (x === undefined) return false;
    const found = set.some((element) => {
      const y = element(source, errors);
      if (y === undefined) return false;
      const cast = toTypeOf(x, y);
      if (cast === undefined)
        errors.push(castError(y, typeof x === "number" ? "Integer" : "Boolean", position));
      return cast === x;
    });
    return found !== negated;
  };
