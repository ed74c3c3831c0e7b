// The checker's own reading of design.md §3.1, §3.3 and §3.4; it shares nothing with the code that it checks.
import { createHash } from "node:crypto";

/** A message of the stream as it lies there. */
export interface Message {
  epoch: number;
  sequence: number;
  /** Absent for what is known from the tracker's log alone. */
  subject: string | undefined;
  storedMs: number;
  headers: [name: string, value: string][];
  body: Uint8Array;
}

export type Event = Readonly<Record<string, unknown>> & { id: string; source: string; type: string };

export const placeOf = ({ epoch, sequence }: Pick<Message, "epoch" | "sequence">): string =>
  `${epoch}-${sequence}`;

/** An attribute as text; undefined when it is absent. */
export function attribute(event: Event, name: string): string | undefined {
  const value = event[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** Message → event, or undefined for what is no CloudEvent. */
export function eventIn({ headers, body }: Pick<Message, "headers" | "body">): Event | undefined {
  const named = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
  const structured = (named.get("content-type") ?? "").startsWith("application/cloudevents");
  const read = !structured && named.has("ce-specversion") ? binary(named, body) : json(body);
  return isEvent(read) ? read : undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";

const isEvent = (value: unknown): value is Event =>
  isRecord(value) &&
  value["specversion"] === "1.0" &&
  isText(value["id"]) &&
  isText(value["source"]) &&
  isText(value["type"]) &&
  !isTooDeep(value["data"]);

/** Data nested deeper than 500 are no data of an event. */
const isTooDeep = (value: unknown, left = 500): boolean =>
  typeof value === "object" &&
  value !== null &&
  (left === 0 || Object.values(value).some((inner) => isTooDeep(inner, left - 1)));

function json(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

function binary(headers: ReadonlyMap<string, string>, body: Uint8Array): unknown {
  const event: Record<string, unknown> = {};
  for (const [name, value] of headers) {
    if (name.startsWith("ce-")) event[name.slice(3)] = decodeURIComponent(value.replaceAll(/^"|"$/g, ""));
  }
  const data = json(body) ?? Buffer.from(body).toString("base64");
  return body.byteLength === 0 ? event : { ...event, data };
}

/** What makes two events the same one. */
export const keyOf = (event: Event): string =>
  [attribute(event, "project") ?? "", event.source, event.type, event.id].join(" · ");

const passing = new Set(["time", "traceparent", "tracestate"]);

/** What makes two events with one key the same content: all but the attributes that may differ. */
export function contentOf(event: Event): string {
  const content = Object.fromEntries(
    Object.entries(event).filter(([name, value]) => !passing.has(name) && value !== null),
  );
  return createHash("sha256").update(sorted(content)).digest("hex").slice(0, 16);
}

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(",")}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const fields = Object.keys(value).sort();
  return `{${fields.map((name) => `${JSON.stringify(name)}:${sorted(value[name])}`).join(",")}}`;
}

/** `train.finished` → its two words; undefined for a type of somebody else. */
export function wordsOf({ type }: Event): { subject: string; predicate: string } | undefined {
  const [, subject, predicate] =
    /^dev\.cdeventsx\.jackfield-([a-z]+)\.([a-z]+)\.\d\.\d\.\d$/.exec(type) ?? [];
  return subject === undefined || predicate === undefined ? undefined : { subject, predicate };
}

export const conductor = "/jackfield/conductor";
export const handlerSource = (name: string): string => `/jackfield/handlers/${name}`;

/** started, progressed or finished of a task; a run's facts of the same names answer nothing. */
export function answerIn(event: Event): string | undefined {
  const words = wordsOf(event);
  if (words === undefined || words.subject === "run") return undefined;
  return ["started", "progressed", "finished"].includes(words.predicate) ? words.predicate : undefined;
}

export const isTriggered = (event: Event): boolean => wordsOf(event)?.predicate === "triggered";

function token(text: string): string {
  if (text === "") return "=";
  if (text === "_") return "=5F";
  const bytes = [...Buffer.from(text)];
  const letters = bytes.map((byte) =>
    /[A-Za-z0-9_-]/.test(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`,
  );
  return letters.join("");
}

function typeTokens(type: string): string {
  const tokens = type.split(".");
  return tokens.length > 12 || Buffer.byteLength(type) > 120
    ? `=~${createHash("sha256").update(type).digest("hex")}`
    : tokens.map(token).join(".");
}

/** Why body and subject do not agree, so that the event may not count; undefined when they do. */
export function forgedBecause(event: Event, subject: string, root: string): string | undefined {
  const project = attribute(event, "project");
  const begin = `${root}.${project === undefined ? "_" : token(project)}.`;
  const end = `.${typeTokens(event.type)}`;
  if (!subject.startsWith(begin) || !subject.endsWith(end)) return `${subject} is another project or type`;
  const who = subject.slice(begin.length, -end.length);
  if (isTriggered(event)) {
    const asked = token(attribute(event, "handler") ?? "_");
    if (event.source !== conductor) return `${event.source} triggers`;
    return who === "_" || who === asked ? undefined : `it addresses ${asked} under ${who}`;
  }
  if (answerIn(event) === undefined) return who === "_" ? undefined : `it is no answer, under ${who}`;
  if (event.source === conductor) return who === "_" ? undefined : `the conductor answers under ${who}`;
  const named = attribute(event, "handler");
  const author = event.source.slice(handlerSource("").length);
  if (event.source !== handlerSource(author) || who !== token(author)) return `${event.source} under ${who}`;
  return named === undefined || named === author ? undefined : `${author} answers as ${named}`;
}
