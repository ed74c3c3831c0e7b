import { Problem } from "@jackfield/problem/problem";

export interface CsvHeader {
  delimiter: string;
  /** Names as they stand there, trimmed; an empty one becomes `column_<position>`. */
  names: string[];
}

const delimiters = [",", ";", "\t", "|"];

/**
 * The first record of a CSV file (RFC 4180 quotes; comma, semicolon, tab or bar between fields).
 * The reader is told what stands here instead of guessing: a guess over bad rows finds a dialect in which they are good.
 * @throws E_SOURCE when it is empty, binary, not UTF-8, or names a column twice.
 */
export function parseCsvHeader(start: Uint8Array, called: string): CsvHeader {
  const line = firstRecord(decode(start, called));
  if (line.trim() === "") {
    throw new Problem("E_SOURCE", `${called} is empty.`, { next: "Give it a header line and rows." });
  }
  const unquoted = line.replace(/"[^"]*"/g, "");
  const counts = delimiters.map((delimiter) => unquoted.split(delimiter).length);
  const delimiter = delimiters[counts.indexOf(Math.max(...counts))] ?? ",";
  const names = fieldsOf(line, delimiter).map((field, index) => field.trim() || `column_${index + 1}`);
  refuseTwins(names, called);
  return { delimiter, names };
}

function decode(start: Uint8Array, called: string): string {
  const marks = [...start.slice(0, 2)].join(" ");
  if (marks === "255 254" || marks === "254 255") throw notUtf8(called, "It is UTF-16.");
  if (start.includes(0)) throw notUtf8(called, "It holds zero bytes, as programs and pictures do.");
  try {
    // `stream` because the start may end in the middle of a character.
    return new TextDecoder("utf-8", { fatal: true }).decode(start, { stream: true });
  } catch {
    throw notUtf8(called, "Its first lines hold bytes that are no UTF-8, perhaps Latin-1.");
  }
}

const notUtf8 = (called: string, why: string): Problem =>
  new Problem("E_SOURCE", `${called} is not UTF-8 text.`, { why, next: "Save it as UTF-8." });

function firstRecord(start: string): string {
  let quoted = false;
  for (let at = 0; at < start.length; at += 1) {
    if (start[at] === '"') quoted = !quoted;
    if (!quoted && (start[at] === "\n" || start[at] === "\r")) return start.slice(0, at);
  }
  return start;
}

function fieldsOf(line: string, delimiter: string): string[] {
  const fields: string[] = [];
  let field = "";
  let quoted = false;
  for (const character of line) {
    if (character === '"') quoted = !quoted;
    if (character === delimiter && !quoted) {
      fields.push(field);
      field = "";
    } else field += character;
  }
  return [...fields, field].map((raw) =>
    /^\s*".*"\s*$/s.test(raw) ? raw.trim().slice(1, -1).replaceAll('""', '"') : raw,
  );
}

/** SQL takes `Date` and `date` for one name, so a table with both has no way to say which is meant. */
export function refuseTwins(names: readonly string[], called: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name.toLowerCase())) {
      throw new Problem("E_SOURCE", `${called} has two columns named ${name}.`, {
        why: "Upper and lower case count as equal.",
        next: "Rename one of them.",
      });
    }
    seen.add(name.toLowerCase());
  }
}
