import { pick } from "./pick.ts";

/** Data goes to stdout, talk to stderr. */
export interface Output {
  /** Was `--json` asked for? */
  readonly json: boolean;
  /** Talk is read by a person who sits there. */
  readonly interactive: boolean;
  /** One answer: the value as JSON, or its text. */
  show(value: unknown, text: () => string): void;
  /** Text that is data whatever was asked for (logs, files). */
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
  return {
    json: json !== undefined,
    interactive: stderr.isTTY === true,
    show: (value, text) => {
      if (json === undefined) stdout.write(`${text()}\n`);
      else stdout.write(`${JSON.stringify(pick(value, json))}\n`);
    },
    raw: (text) => void stdout.write(text),
    say: (text) => {
      // In JSON only what machines read is wanted; problems are still told.
      if (json === undefined) stderr.write(`${text}\n`);
    },
    next: (command) => {
      if (json === undefined) stderr.write(`next: ${command}\n`);
    },
    paint: (kind, text) => (colour ? `\u001b[${colours[kind]}m${text}\u001b[0m` : text),
  };
}
