import type { Value } from "./values.ts";

export type ArithmeticOperator = "*" | "/" | "%" | "+" | "-";
export type ComparisonOperator = "=" | "!=" | "<" | "<=" | ">" | ">=";
export type LogicOperator = "AND" | "OR" | "XOR";
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | LogicOperator;

/** What a text means. `position` is the character (from 0) of the operator, else of the first one. */
export type Expression = { readonly position: number } & (
  | { readonly kind: "literal"; readonly value: Value }
  | { readonly kind: "attribute" | "exists"; readonly name: string }
  | { readonly kind: "unary"; readonly operator: "NOT" | "-"; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "like";
      readonly operand: Expression;
      readonly pattern: string;
      readonly negated: boolean;
    }
  | {
      readonly kind: "in";
      readonly operand: Expression;
      readonly set: readonly Expression[];
      readonly negated: boolean;
    }
  | { readonly kind: "call"; readonly name: string; readonly operands: readonly Expression[] }
);
