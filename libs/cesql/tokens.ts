import { CesqlError } from "./errors.ts";

/** `word` is a keyword, an attribute or a function, in capitals; the text of a `string` is what it stands for. */
export interface Token {
  readonly kind: "word" | "integer" | "string" | "symbol" | "end";
  readonly text: string;
  readonly position: number;
}

const token =
  /(?<word>\w+)|(?<string>'(?:\\.|''|[^'\\])*'|"(?:\\.|""|[^"\\])*")|<>|<=|>=|!=|[=<>+\-*/%(),]/suy;
const space = /[ \t\r\n]*/y;

/** @throws CesqlError at the first character that begins nothing. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let position = after(space, text, 0); position < text.length;) {
    token.lastIndex = position;
    const found = token.exec(text);
    if (found === null) throw unknownAt(text, position);
    tokens.push({ ...tokenOf(found), position });
    position = after(space, text, token.lastIndex);
  }
  return [...tokens, { kind: "end", text: "", position: text.length }];
}

function after(pattern: RegExp, text: string, position: number): number {
  pattern.lastIndex = position;
  pattern.exec(text);
  return pattern.lastIndex;
}

function tokenOf([text, word, string]: RegExpExecArray): Omit<Token, "position"> {
  if (word !== undefined) return { kind: /^\d+$/.test(word) ? "integer" : "word", text: word.toUpperCase() };
  if (string !== undefined) return { kind: "string", text: unquote(string) };
  return { kind: "symbol", text: text === "<>" ? "!=" : text };
}

// Only the own quote can be escaped, by a backslash or by itself; every other backslash stays, for LIKE has its own use
// of it.
function unquote(string: string): string {
  const quote = string.charAt(0);
  const body = string.slice(1, -1);
  return body.includes(quote)
    ? body.replaceAll(/\\.|''|""/gsu, (pair) => (pair.endsWith(quote) ? quote : pair))
    : body;
}

function unknownAt(text: string, position: number): CesqlError {
  const [character = ""] = text.slice(position, position + 2);
  const what =
    character === "'" || character === '"'
      ? "A string that begins here does not end"
      : `${character} means nothing here`;
  return new CesqlError("parse", what, position);
}
