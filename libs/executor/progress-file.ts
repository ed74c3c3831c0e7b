import { open } from "node:fs/promises";
import { progressedData, type ProgressedData } from "@jackfield/spec/event/task";

const everyMs = 150;
const readBytes = 256 * 1024;
/** A progress line is for people; a longer one was not meant as one. */
const lineLimit = 16 * 1024;

export interface ProgressReader {
  onProgress(progress: ProgressedData): void;
  /** A line that is no progress; it belongs to the log. */
  onLogLine(line: string): void;
}

/** One line of the progress file → progress, or undefined when it is a log line. Keys that we do not know are kept. */
export function readProgress(line: string): ProgressedData | undefined {
  try {
    const parsed = progressedData.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Follows a file that a command appends to. `stop` reads what is left, also a last line without its end. */
export function followProgress(path: string, reader: ProgressReader): { stop(): Promise<void> } {
  let offset = 0;
  let rest = "";
  let turn: Promise<void> = Promise.resolve();

  const take = (line: string): void => {
    if (line.trim() === "") return;
    const progress = line.length > lineLimit ? undefined : readProgress(line);
    if (progress === undefined) reader.onLogLine(line.slice(0, lineLimit));
    else reader.onProgress(progress);
  };
  const readOn = async (): Promise<void> => {
    const chunk = await readFrom(path, offset);
    offset += chunk.length;
    const lines = (rest + chunk.toString("latin1")).split("\n");
    rest = (lines.pop() ?? "").slice(0, 2 * lineLimit);
    // Cut by bytes, decoded by line: a letter is never torn apart.
    for (const line of lines) take(Buffer.from(line, "latin1").toString("utf8"));
    if (chunk.length === readBytes) await readOn();
  };
  const timer = setInterval(() => {
    turn = turn.then(readOn);
  }, everyMs);

  return {
    async stop() {
      clearInterval(timer);
      await turn;
      await readOn();
      take(Buffer.from(rest, "latin1").toString("utf8"));
    },
  };
}

async function readFrom(path: string, offset: number): Promise<Buffer> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return Buffer.alloc(0);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(readBytes), 0, readBytes, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
