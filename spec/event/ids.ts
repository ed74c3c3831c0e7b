import { canonicalJson, sha256 } from "./canonical.ts";
import type { CloudEvent } from "./envelope.ts";

/** What makes a request the same request, and so the same run. */
export interface RunCause {
  project: string;
  subproject?: string | undefined;
  stage?: string | undefined;
  workflow: string;
  /** The event that asked for the run. */
  source: string;
  type: string;
  id: string;
  parentTask?: string | undefined;
  repeat?: number | undefined;
}

/** A run's id: 26 characters of lower-case base32 (RFC 4648) over the hash of its cause; derived, so the same request is the same run. */
export function runId(cause: RunCause): string {
  const parts = [
    cause.project,
    cause.subproject ?? null,
    cause.stage ?? null,
    cause.workflow,
    cause.source,
    cause.type,
    cause.id,
    cause.parentTask ?? null,
    cause.repeat ?? null,
  ];
  return base32(sha256(canonicalJson(parts))).slice(0, 26);
}

/** The seed of a run that was given none: the first 31 bits of its id, since some trainers want a signed 32-bit integer. */
export function seedOfRun(id: string): number {
  let bits = 0n;
  for (const letter of id.slice(0, 7)) bits = (bits << 5n) | BigInt(alphabet.indexOf(letter));
  return Number(bits >> 4n);
}

export const taskId = (run: string, step: string): string => `${run}/${step}`;

/** `<run>/<step path>` → its two parts. */
export function partsOfTask(task: string): { run: string; step: string } {
  const cut = task.indexOf("/");
  return cut < 0 ? { run: task, step: "" } : { run: task.slice(0, cut), step: task.slice(cut + 1) };
}

/** The task of one item of a foreach: `<run>/<step>/@<index>`, counted from 0. */
export const itemTaskId = (foreach: string, index: number): string => `${foreach}/@${index}`;

/** An item's task → its foreach and its place in the list; undefined for any other task. */
export function partsOfItem(task: string): { foreach: string; index: number } | undefined {
  const cut = task.lastIndexOf("/@");
  if (cut < 0) return undefined;
  const index = Number(task.slice(cut + 2));
  return Number.isInteger(index) ? { foreach: task.slice(0, cut), index } : undefined;
}

export interface TaskEventName {
  task: string;
  handler: string;
  attempt: number;
}

export const taskEventId = ({ task, handler, attempt }: TaskEventName, predicate: string): string =>
  `${task}/${handler}/${attempt}/${predicate}`;

export const progressedId = (name: TaskEventName, instance: string, count: number): string =>
  `${taskEventId(name, "progressed")}/${instance}-${count}`;

/** Facts: what they are about, the version or nominal time, and what happened to it. */
export const factId = (resource: string, version: string | number, predicate: string): string =>
  `${resource}/${version}/${predicate}`;

export const sourceOfService = (service: string): string => `/jackfield/${service}`;
export const sourceOfHandler = (handler: string): string => `/jackfield/handlers/${handler}`;

/**
 * The log's key: two events with one key are a repeat or a conflict. Attributes have no control characters, so a line
 * break parts them.
 */
export const eventKey = ({
  project,
  source,
  type,
  id,
}: Pick<CloudEvent, "project" | "source" | "type" | "id">): string =>
  `${id}\n${source}\n${type}\n${project ?? ""}`;

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

function base32(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet.charAt((held >>> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet.charAt((held << (5 - bits)) & 31) : text;
}
