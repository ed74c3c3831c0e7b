import { Problem } from "@jackfield/problem/problem";

type Quote = '"' | "'" | "";

interface Reading {
  words: string[];
  word: string | undefined;
  quote: Quote;
}

/**
 * One line of a project file → argv, split like a POSIX shell splits words: blanks part, quotes hold together,
 * a backslash takes the next character as it is. Nothing is expanded: no variable, no glob, no pipe.
 * @throws E_USAGE when a quote stays open or no word is there.
 * @see POSIX.1-2017, Shell Command Language, 2.2 Quoting.
 */
export function splitCommand(line: string): string[] {
  const reading: Reading = { words: [], word: undefined, quote: "" };
  for (let at = 0; at < line.length; at += 1) at = readCharacter(reading, line, at);
  if (reading.quote !== "") {
    throw new Problem("E_USAGE", `A quote ${reading.quote} is not closed in the command: ${line}`, {
      next: "Close it, or put a backslash before it.",
    });
  }
  if (reading.word !== undefined) reading.words.push(reading.word);
  if (reading.words.length === 0) {
    throw new Problem("E_USAGE", "The command is empty.", { next: "Name a program: train: node train.mjs" });
  }
  return reading.words;
}

/** Takes the character at `at` into the reading; answers where the last one stood that was taken. */
function readCharacter(reading: Reading, line: string, at: number): number {
  const character = line.charAt(at);
  const { quote } = reading;
  if (character === quote) {
    reading.quote = "";
    return at;
  }
  if (quote === "" && (character === '"' || character === "'")) {
    reading.quote = character;
    reading.word ??= "";
    return at;
  }
  if (character === "\\" && escapes(quote, line.charAt(at + 1))) {
    reading.word = (reading.word ?? "") + line.charAt(at + 1);
    return at + 1;
  }
  if (quote === "" && /\s/.test(character)) {
    if (reading.word !== undefined) reading.words.push(reading.word);
    reading.word = undefined;
    return at;
  }
  reading.word = (reading.word ?? "") + character;
  return at;
}

const escapes = (quote: Quote, next: string): boolean =>
  next !== "" && (quote === "" || (quote === '"' && /["\\$`]/.test(next)));
