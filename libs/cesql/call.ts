import type { EvaluationError } from "./errors.ts";
import { builtIns, castings, type BuiltIn, type Casting, type Failure } from "./functions.ts";
import { integerOf, textOf, type Run } from "./operands.ts";
import type { Value } from "./values.ts";

/** Is there such a function for so many operands? */
export function isFunction(name: string, count: number): boolean {
  const builtIn = builtIns.get(name);
  if (builtIn === undefined) return castings.has(name) && count === 1;
  const { texts, more, integers: [least, most] = [0, 0] } = builtIn;
  return count >= texts + least && (more === true || count <= texts + most);
}

interface Call<Source> {
  name: string;
  operands: readonly Run<Source>[];
  position: number;
}

/** A call that cannot be dispatched is false and an error of its own (§3.5); its operands are not looked at. */
export function compileCall<Source>(call: Call<Source>): Run<Source> {
  const { name, operands, position } = call;
  const [first] = operands;
  const builtIn = builtIns.get(name);
  const casting = castings.get(name);
  if (isFunction(name, operands.length)) {
    if (builtIn !== undefined) return callBuiltIn(builtIn, call);
    if (casting !== undefined && first !== undefined) return callCasting(casting, first, position);
  }
  const error: EvaluationError = {
    kind: "missingFunction",
    position,
    message: missing(name, operands.length),
  };
  return (_, errors) => {
    errors.push(error);
    return false;
  };
}

export const missing = (name: string, count: number): string =>
  `There is no function ${name} of ${count} operand${count === 1 ? "" : "s"}`;

const callCasting =
  <Source>({ zero, call }: Casting, operand: Run<Source>, position: number): Run<Source> =>
  (source, errors) => {
    const value = operand(source, errors);
    return value === undefined ? zero : valueOf(call(value), position, errors);
  };

function callBuiltIn<Source>(builtIn: BuiltIn, { operands, position }: Call<Source>): Run<Source> {
  const { more, zero, call } = builtIn;
  const count = more === true ? operands.length : builtIn.texts;
  const texts = operands.slice(0, count).map((operand) => textOf(operand));
  const integers = operands.slice(count).map((operand) => integerOf(operand, position));
  return (source, errors) => {
    // All of them are evaluated, so that the list names everything that is wrong.
    const strings = texts.map((text) => text(source, errors));
    const numbers = integers.map((integer) => integer(source, errors));
    return allKnown(strings) && allKnown(numbers) ? valueOf(call(strings, numbers), position, errors) : zero;
  };
}

const allKnown = <Type>(values: readonly (Type | undefined)[]): values is readonly Type[] =>
  !values.includes(undefined);

function valueOf(outcome: Value | Failure, position: number, errors: EvaluationError[]): Value {
  if (typeof outcome !== "object") return outcome;
  const { kind, value, message } = outcome;
  errors.push({ kind, position, message });
  return value;
}
