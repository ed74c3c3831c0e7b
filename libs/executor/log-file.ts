import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { StringDecoder } from "node:string_decoder";

export const logLimitBytes = 64 * 1024 * 1024;
const keptLines = 20;
const keptLineLength = 400;

/** A log that a command writes: kept up to a limit, never parsed; its last lines stay at hand for a message. */
export interface LogFile {
  readonly path: string;
  write(chunk: Buffer): void;
  /** The last 20 lines that are not empty, each at most 400 characters, also of what was cut from the file. */
  lastLines(): string[];
  /** Bytes that are kept but not yet on the disk; who writes faster than the disk waits for `drained`. */
  full(): boolean;
  drained(): Promise<void>;
  close(): Promise<void>;
}

export function openLog(path: string, limitBytes = logLimitBytes): LogFile {
  const file = createWriteStream(path, { flags: "a" });
  // A full disk must not take the service down; what could not be kept is missing from the log.
  file.on("error", () => undefined);
  const tail = openTail();
  let written = 0;
  let cut = false;

  return {
    path,
    write(chunk) {
      tail.take(chunk);
      if (cut) return;
      const room = limitBytes - written;
      cut = chunk.length > room;
      file.write(cut ? chunk.subarray(0, room) : chunk);
      written += Math.min(chunk.length, room);
      if (cut) file.write(`\n[cut here: a log is kept up to ${limitBytes} bytes]\n`);
    },
    lastLines: () => tail.lines(),
    full: () => file.writableNeedDrain,
    drained: () =>
      file.writableNeedDrain && !file.errored
        ? new Promise((resolve) => {
            file.once("drain", resolve);
            file.once("error", () => resolve());
          })
        : Promise.resolve(),
    async close() {
      file.end();
      await finished(file).catch(() => undefined);
    },
  };
}

/** The end of a text that comes in pieces. */
function openTail(): { take(chunk: Buffer): void; lines(): string[] } {
  const decoder = new StringDecoder("utf8");
  let lines: string[] = [];
  let line = "";
  return {
    take(chunk) {
      const parts = (line + decoder.write(chunk)).split("\n");
      line = (parts.pop() ?? "").slice(-keptLineLength);
      const whole = parts.slice(-10 * keptLines).filter((part) => part.trim() !== "");
      lines = [...lines, ...whole].slice(-keptLines);
    },
    lines: () =>
      [...lines, line]
        .map((each) => each.trimEnd().slice(0, keptLineLength))
        .filter((each) => each !== "")
        .slice(-keptLines),
  };
}
