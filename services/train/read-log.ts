import { open } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { isAtWork } from "@jackfield/executor/working-folder";
import { Problem } from "@jackfield/problem/problem";
import type { logs } from "@jackfield/spec/ask/handler";

/** However a byte is written in JSON (at worst `\u0000`), a piece of an answer stays below 256 kB. */
const pieceBytes = 40 * 1024;

export interface LogPlace {
  /** Parent of the log folders. */
  logs: string;
  /** Parent of the working folders: the one of a running command is there. */
  work: string;
}

/** `<logs>/<task id>/<attempt>`; a step below others has a folder below theirs. */
export const logFolder = (logs: string, task: string, attempt: number): string =>
  join(logs, task, String(attempt));

export const workName = (task: string, attempt: number): string => `${task}-${attempt}`;

/** Reads a piece of a log, also while it is written; `undefined` when this instance never had it. @throws E_INVALID */
export const readLog =
  ({ logs: parent, work }: LogPlace) =>
  async (asked: z.output<typeof logs.input>): Promise<z.input<typeof logs.answer> | undefined> => {
    const { task, attempt, stream, from } = asked;
    mustStayInside(task);
    // Asked before the file is read: what is written after that answer is in the file by then, or there is more to come.
    const running = await isAtWork(work, workName(task, attempt));
    const piece = await readPiece(join(logFolder(parent, task, attempt), `${stream}.log`), from);
    if (piece === undefined) return running ? { text: "", next: from, ended: false } : undefined;
    const last = !running && piece.length < pieceBytes;
    const whole = last ? piece : piece.subarray(0, wholeCharacters(piece));
    return { text: whole.toString("utf8"), next: from + whole.length, ended: last };
  };

/** A task's id becomes a path; nothing outside the folder of logs is ever read. */
function mustStayInside(task: string): void {
  const names = task.split("/");
  if (names.every((name) => name !== "" && !name.startsWith(".") && !/[\\\0]/.test(name))) return;
  throw new Problem("E_INVALID", `${task} is no task.`, { next: "a task is RUN-ID/STEP" });
}

async function readPiece(path: string, from: number): Promise<Buffer | undefined> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(pieceBytes), 0, pieceBytes, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Bytes up to the last character that is complete (UTF-8); what is no text is passed on as it is. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0b1100_0000) === 0b1000_0000) continue;
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needs > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
