import { printable } from "../printable.ts";

const mostOfText = 400;
const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;

/** Every character that could be syntax, of HTML or of Markdown, as a number; what names somebody is broken besides. */
const numbered = (text: string): string =>
  text
    .replaceAll(/[^\p{L}\p{N} .,:;/()%+=–…≥≤✓✗]/gu, (sign) => `&#${sign.codePointAt(0) ?? 0};`)
    .replaceAll("&#64;", "&#64;&#8203;");

/**
 * Words of others in Markdown: shown, never rendered. In `code` no host looks for mentions, links or issues.
 * One line of at most 400 characters.
 */
export const quoted = (text: string): string =>
  `<code>${numbered(cut(printable(text).replaceAll(/\s+/g, " "), mostOfText))}</code>`;

/** The same for several lines, the last ones when there are too many. */
export function quotedLines(text: string, most = 20): string {
  const lines = printable(text).split("\n");
  const kept = lines.slice(-most).map((line) => numbered(cut(line, mostOfText)));
  return `<pre>${lines.length > most ? "…\n" : ""}${kept.join("\n")}</pre>`;
}

/** A table; the cells are Markdown already. */
export const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** What others may show behind a click. */
export const details = (summary: string, body: string): string =>
  `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
