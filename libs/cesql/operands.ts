import type { EvaluationError } from "./errors.ts";
import { printValue, toBoolean, toInteger, type Value } from "./values.ts";

/** An expression made ready: its value in a source, undefined for a missing attribute; errors are added to the list. */
export type Run<Source> = (source: Source, errors: EvaluationError[]) => Value | undefined;

// Operands of one type. Undefined: the attribute is missing or the cast failed; the list says which, and the operator
// answers with the zero value of its own type (§3.2, §3.3).
export type TypedRun<Source, Type> = (source: Source, errors: EvaluationError[]) => Type | undefined;

export const integerOf =
  <Source>(run: Run<Source>, position: number): TypedRun<Source, number> =>
  (source, errors) => {
    const value = run(source, errors);
    if (typeof value === "number" || value === undefined) return value;
    const integer = toInteger(value);
    if (integer === undefined) errors.push(castError(value, "Integer", position));
    return integer;
  };

export const booleanOf =
  <Source>(run: Run<Source>, position: number): TypedRun<Source, boolean> =>
  (source, errors) => {
    const value = run(source, errors);
    if (typeof value === "boolean" || value === undefined) return value;
    const boolean = toBoolean(value);
    if (boolean === undefined) errors.push(castError(value, "Boolean", position));
    return boolean;
  };

export const textOf =
  <Source>(run: Run<Source>): TypedRun<Source, string> =>
  (source, errors) => {
    const value = run(source, errors);
    return typeof value === "string" || value === undefined ? value : String(value);
  };

export const castError = (value: Value, type: "Integer" | "Boolean", position: number): EvaluationError => ({
  kind: "cast",
  position,
  message: `${printValue(value)} is no ${type}`,
});
