// What a terminal obeys, or what makes a text look like another one: C0 but line break and tab, DEL, C1, the marks of
// direction, separators that some take for line breaks, half surrogate pairs.
const control =
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;
const breaking = /[\n\t]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/**
 * Text that a terminal shows and does not obey: control characters and marks of direction as `\u001b`. In JSON, where they
 * can stand in strings only, the meaning stays the same. @see OSC 52, CVE-2021-42574
 */
export const printable = (text: string): string => text.replaceAll(control, escaped);

/** The same in one line: what stands in a row cannot begin another one. */
export const inOneLine = (text: string): string => printable(text).replaceAll(breaking, escaped);

const colour = /(\u001b\[[\d;]{0,20}m)/; // eslint-disable-line no-control-regex -- SGR, which colours only

/** What a program wrote, for a terminal: colours stay, a carriage return overwrites nothing. */
export const printableLog = (text: string): string =>
  text
    .replaceAll(/\r\n?/g, "\n")
    .split(colour)
    .map((part, index) => (index % 2 === 1 ? part : printable(part)))
    .join("");
