import { CesqlError } from "./errors.ts";
import type { BinaryOperator, Expression } from "./expression.ts";
import { tokensOf, type Token } from "./tokens.ts";
import { isInteger } from "./values.ts";

// §3.6: what binds tighter has the higher level. Unary operators bind tighter than all of these, so `NOT a = b` is
// `(NOT a) = b`.
const levels: Record<BinaryOperator | "LIKE" | "IN", number> = {
  LIKE: 6,
  IN: 5,
  "*": 4,
  "/": 4,
  "%": 4,
  "+": 3,
  "-": 3,
  "=": 2,
  "!=": 2,
  "<": 2,
  "<=": 2,
  ">": 2,
  ">=": 2,
  AND: 1,
  OR: 1,
  XOR: 1,
};
const logic = 1;
const keywords = new Set(["AND", "OR", "XOR", "NOT", "LIKE", "IN", "EXISTS", "TRUE", "FALSE"]);

/** Operators inside operators; what walks an expression calls itself that often. */
const deepest = 500;

export interface ParseRules {
  /**
   * `a OR b AND c`: §3.6 gives AND, OR and XOR one level and reads from left to right; its grammar reads from right to
   * left, and SQL lets AND bind tighter. Where a reader might err it can be refused.
   */
  readonly mixedLogic?: "refused";
}

/** Text → expression, the whole of CESQL 1.0.0. @throws CesqlError of kind parse, with the character's position. */
export function parseCesql(text: string, rules: ParseRules = {}): Expression {
  const cursor = new Cursor(tokensOf(text));
  const expression = operation(cursor, rules, { level: logic, depth: 0 });
  if (cursor.token.kind !== "end") throw unexpected(cursor.token, "an operator or the end");
  return expression;
}

class Cursor {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get token(): Token {
    return this.ahead(0);
  }

  ahead(count: number): Token {
    return this.#tokens[this.#next + count] ?? { kind: "end", text: "", position: 0 };
  }

  take(): Token {
    const { token } = this;
    this.#next += 1;
    return token;
  }

  /** Does the word or symbol come next? Then it is taken. */
  takes(text: string): boolean {
    const { kind, text: found } = this.token;
    if (found !== text || kind === "string") return false;
    this.#next += 1;
    return true;
  }

  expect(text: string): void {
    if (!this.takes(text)) throw unexpected(this.token, text);
  }
}

const unexpected = ({ kind, text, position }: Token, wanted: string): CesqlError =>
  new CesqlError("parse", `${kind === "end" ? "The end" : text} stands where ${wanted} should`, position);

/** How tight operators must bind to be read here, and how many enclose this place. */
interface Place {
  level: number;
  depth: number;
}

/** An operand, and the operators after it as long as they bind at least as tight as `level`. */
function operation(cursor: Cursor, rules: ParseRules, { level, depth }: Place): Expression {
  let left = unary(cursor, rules, depth + 1);
  let before: Infix | undefined;
  for (let length = depth + 1; ; length += 1) {
    const infix = infixAt(cursor);
    if (infix === undefined || levels[infix.operator] < level) return left;
    refuseDepth(length, infix);
    if (rules.mixedLogic === "refused") refuseMixture(before, infix);
    before = infix;
    cursor.take();
    if (infix.negated) cursor.take();
    left = completed(cursor, rules, { left, infix, depth: length });
  }
}

interface Infix {
  operator: keyof typeof levels;
  negated: boolean;
  position: number;
}

function infixAt(cursor: Cursor): Infix | undefined {
  const { kind, text, position } = cursor.token;
  if (kind !== "word" && kind !== "symbol") return undefined;
  if (text === "NOT") {
    const { text: negatable } = cursor.ahead(1);
    return negatable === "LIKE" || negatable === "IN"
      ? { operator: negatable, negated: true, position }
      : undefined;
  }
  return isInfix(text) ? { operator: text, negated: false, position } : undefined;
}

const isInfix = (text: string): text is keyof typeof levels => Object.hasOwn(levels, text);

function refuseDepth(depth: number, { position }: { position: number }): void {
  if (depth > deepest) throw new CesqlError("parse", `More than ${deepest} operators enclose this`, position);
}

function refuseMixture(before: Infix | undefined, { operator, position }: Infix): void {
  if (levels[operator] !== logic || before === undefined || levels[before.operator] !== logic) return;
  if (before.operator !== operator)
    throw new CesqlError("parse", `${before.operator} beside ${operator} needs parentheses`, position);
}

interface Begun {
  left: Expression;
  infix: Infix;
  depth: number;
}

/** The operator is read; what stands to the right of it follows. */
function completed(cursor: Cursor, rules: ParseRules, { left, infix, depth }: Begun): Expression {
  const { operator, negated, position } = infix;
  switch (operator) {
    case "LIKE": {
      const pattern = cursor.take();
      if (pattern.kind !== "string") throw unexpected(pattern, "the pattern in quotes");
      return { kind: "like", operand: left, pattern: pattern.text, negated, position };
    }
    case "IN": {
      cursor.expect("(");
      return { kind: "in", operand: left, set: list(cursor, rules, depth), negated, position };
    }
    default: {
      const right = operation(cursor, rules, { level: levels[operator] + 1, depth });
      return { kind: "binary", operator, left, right, position };
    }
  }
}

function unary(cursor: Cursor, rules: ParseRules, depth: number): Expression {
  refuseDepth(depth, cursor.token);
  const { position } = cursor.token;
  if (cursor.takes("NOT"))
    return { kind: "unary", operator: "NOT", operand: unary(cursor, rules, depth + 1), position };
  const { kind } = cursor.ahead(1);
  // A sign before digits belongs to the literal: -2147483648 is an integer, 2147483648 is none.
  if (kind === "integer" && cursor.takes("-")) return integer(cursor.take(), -1, position);
  if (kind === "integer" && cursor.takes("+")) return integer(cursor.take(), 1, position);
  if (cursor.takes("-"))
    return { kind: "unary", operator: "-", operand: unary(cursor, rules, depth + 1), position };
  return operand(cursor, rules, depth);
}

function integer({ text }: Token, sign: 1 | -1, position: number): Expression {
  const value = sign * Number(text) + 0;
  if (!isInteger(value))
    throw new CesqlError("parse", `${sign < 0 ? "-" : ""}${text} is no integer of 32 bits`, position);
  return { kind: "literal", value, position };
}

function operand(cursor: Cursor, rules: ParseRules, depth: number): Expression {
  const token = cursor.take();
  const { kind, text, position } = token;
  if (kind === "string") return { kind: "literal", value: text, position };
  if (kind === "integer") return integer(token, 1, position);
  if (kind === "symbol" && text === "(") {
    const inner = operation(cursor, rules, { level: logic, depth });
    cursor.expect(")");
    return inner;
  }
  if (text === "TRUE" || text === "FALSE") return { kind: "literal", value: text === "TRUE", position };
  if (text === "EXISTS") return { kind: "exists", name: attributeName(cursor.take()), position };
  if (kind === "word" && !keywords.has(text) && cursor.takes("("))
    return { kind: "call", name: functionName(token), operands: operands(cursor, rules, depth), position };
  return { kind: "attribute", name: attributeName(token), position };
}

function attributeName(token: Token): string {
  if (token.kind !== "word" || keywords.has(token.text) || token.text.includes("_"))
    throw unexpected(token, "an operand");
  return token.text.toLowerCase();
}

function functionName(token: Token): string {
  if (!/^[A-Z][A-Z_]*$/.test(token.text)) throw unexpected(token, "a function");
  return token.text;
}

const operands = (cursor: Cursor, rules: ParseRules, depth: number): Expression[] =>
  cursor.takes(")") ? [] : list(cursor, rules, depth);

/** At least one, up to the closing parenthesis. */
function list(cursor: Cursor, rules: ParseRules, depth: number): Expression[] {
  const found = [operation(cursor, rules, { level: logic, depth })];
  while (cursor.takes(",")) found.push(operation(cursor, rules, { level: logic, depth }));
  cursor.expect(")");
  return found;
}
