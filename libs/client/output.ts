import { randomUUID } from "node:crypto";
import { StringDecoder } from "node:string_decoder";
import { pick } from "./pick.ts";
import { printable, printableLog } from "./printable.ts";

/** Data goes to stdout, talk to stderr. What others wrote never steers the terminal: all text is made printable here. */
export interface Output {
  /** Was `--json` asked for? */
  readonly json: boolean;
  /** Talk is read by a person who sits there. */
  readonly interactive: boolean;
  /** One answer: the value as JSON, or its text. */
  show(value: unknown, text: () => string): void;
  /** Data whatever was asked for (logs, files): the bytes as they are, but for a terminal. */
  raw(text: string | Uint8Array): void;
  say(text: string): void;
  /** At most one at the end: what to do now. */
  next(command: string): void;
  paint(kind: Paint, text: string): string;
}

export type Paint = "good" | "bad" | "dim" | "strong";

const colours: Record<Paint, string> = { good: "32", bad: "31", dim: "2", strong: "1" };

interface Stream {
  isTTY?: boolean;
  write(text: string | Uint8Array): unknown;
}

export interface OutputParts {
  stdout: Stream;
  stderr: Stream;
  /** undefined: text; empty: whole objects; else the fields to pick. */
  json: readonly string[] | undefined;
  /** As in no-color.org. */
  noColour: boolean;
}

/** @see https://no-color.org */
export function createOutput({ stdout, stderr, json, noColour }: OutputParts): Output {
  const colour = !noColour && stdout.isTTY === true && stderr.isTTY === true;
  // Nobody else knows how our own colours are written until they are sent.
  const mark = `${randomUUID()}:`;
  const shown = (text: string): string =>
    printable(text).replaceAll(new RegExp(`${mark}(\\d+)m`, "g"), "\u001b[$1m");
  const decoder = new StringDecoder();
  return {
    json: json !== undefined,
    interactive: stderr.isTTY === true,
    show: (value, text) => {
      if (json === undefined) stdout.write(`${shown(text())}\n`);
      else stdout.write(`${printable(JSON.stringify(pick(value, json)))}\n`);
    },
    raw: (data) => {
      if (stdout.isTTY !== true) stdout.write(data);
      else stdout.write(printableLog(typeof data === "string" ? data : decoder.write(Buffer.from(data))));
    },
    say: (text) => {
      // In JSON only what machines read is wanted; problems are still told.
      if (json === undefined) stderr.write(`${shown(text)}\n`);
    },
    next: (command) => {
      if (json === undefined) stderr.write(`next: ${shown(command)}\n`);
    },
    paint: (kind, text) => (colour ? `${mark}${colours[kind]}m${text}${mark}0m` : text),
  };
}
