/** What can go wrong, in the words of CESQL 1.0.0 §3.3. */
export type ErrorKind =
  "parse" | "math" | "cast" | "missingAttribute" | "missingFunction" | "functionEvaluation" | "generic";

/** One entry of an evaluation's error list. `position` is the character of the text (from 0) that it is about. */
export interface EvaluationError {
  readonly kind: Exclude<ErrorKind, "parse">;
  readonly position: number;
  readonly message: string;
}

/** A text that is no expression, or, as a predicate, none that can ever hold. `position` is a character (from 0). */
export class CesqlError extends Error {
  readonly kind: ErrorKind;
  readonly position: number;

  constructor(kind: ErrorKind, message: string, position: number) {
    super(message);
    this.kind = kind;
    this.position = position;
  }
}
