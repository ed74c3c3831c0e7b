// Part of bundles that die where a test says: the wrapped modules beside it call it at their points.
import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "../../../deploy/embedded/guarded-process.mjs";

/** Who dies when a process comes to a point; a file of this name lies in the folder of points until it happened. */
export interface Blow {
  /** Names this blow, so that passings are counted anew for the next one. */
  id: string;
  /** The process that came to the point, or another one. */
  victim: "itself" | "nats-server" | "postgres";
  /** It happens when the point is passed for this time. */
  passing: number;
  /** run.json, which knows the other processes. */
  run: string;
  history: string;
}

const folder = process.env["JACKFIELD_FAULT_POINTS"];

/** A service is told its name, a handler of the tests has settings, and `jackfield handle` is a verb. */
const who = process.env["JACKFIELD_STEPS"] === undefined ? (process.argv[2] ?? "") : "handler";

export const fileOf = (process: string, point: string): string => `${process} ${point}`.replaceAll(" ", "-");

const passed = new Map<string, number>();

/** Kills, when a test asked for it, and only once: of several processes the one that takes the file away. */
export function strikeAt(point: string): void {
  if (dueAt(point) !== undefined) strike(point);
}

/** The blow whose passing this is. */
export function dueAt(point: string): Blow | undefined {
  const blow = blowAt(point);
  if (blow === undefined) return undefined;
  const count = (passed.get(blow.id) ?? 0) + 1;
  passed.set(blow.id, count);
  return count >= blow.passing ? blow : undefined;
}

export function strike(point: string): void {
  const blow = blowAt(point);
  const pid = blow === undefined ? undefined : pidOf(blow);
  if (folder === undefined || blow === undefined || pid === undefined) return;
  try {
    rmSync(join(folder, fileOf(who, point)));
  } catch {
    return;
  }
  const what = `kill -9 ${blow.victim === "itself" ? who : blow.victim}, ${who} ${point}`;
  const line = { at: Date.now(), who: "point", op: "fault", what, part: "blow" };
  appendFileSync(blow.history, `${JSON.stringify(line)}\n`);
  process.kill(pid, "SIGKILL");
}

function blowAt(point: string): Blow | undefined {
  if (folder === undefined) return undefined;
  try {
    // A test wrote it (`Points.arm`).
    return JSON.parse(readFileSync(join(folder, fileOf(who, point)), "utf8")) as Blow;
  } catch {
    return undefined;
  }
}

/** Undefined while the victim is dead already: then it dies at the next passing. */
function pidOf({ victim, run }: Blow): number | undefined {
  if (victim === "itself") return process.pid;
  // The launcher wrote it.
  const { nats, postgres } = JSON.parse(readFileSync(run, "utf8")) as Record<string, { pid: number }>;
  const server = victim === "postgres" ? postgres : nats;
  return server !== undefined && isAlive(server.pid) ? server.pid : undefined;
}
