import { sha256 } from "@jackfield/spec/event/canonical";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { sourceOfHandler, sourceOfService } from "@jackfield/spec/event/ids";
import { parseType } from "@jackfield/spec/event/type";

/** In a subject: no project, or no handler. */
export const nobody = "_";

const maxTypeBytes = 120;
const maxTypeTokens = 12;

/** Where an event lies in the subject space; all three are encoded. */
export interface SubjectParts {
  project: string;
  handler: string;
  type: string;
}

/**
 * `<root>.<project>.<handler>.<type>`: the index by which NATS filters and grants rights. Every token is encoded and
 * long types are hashed before the client sees them: it would let wildcards and dots through, and a subject of 5 kB
 * makes the server close the connection.
 */
export const subjectOf = (event: CloudEvent, root = "evt"): string =>
  `${root}.${event.project === undefined ? nobody : encodeToken(event.project)}.${handlerToken(event)}.${encodeType(event.type)}`;

/** Text → one token of a subject: bytes outside `[A-Za-z0-9_-]` as `=HH`, nothing as `=`, a lone `_` as `=5F`. */
export function encodeToken(text: string): string {
  if (text === "") return "=";
  if (text === nobody) return "=5F";
  if (/^[A-Za-z0-9_-]+$/.test(text)) return text;
  let token = "";
  for (const byte of Buffer.from(text)) {
    const letter = String.fromCharCode(byte);
    token += /[A-Za-z0-9_-]/.test(letter) ? letter : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return token;
}

/** Type → its tokens; over 120 bytes or 12 tokens → `=~<sha256>`, one token. */
export function encodeType(type: string): string {
  const tokens = type.split(".");
  if (tokens.length > maxTypeTokens || Buffer.byteLength(type) > maxTypeBytes) {
    return `=~${sha256(type).toString("hex")}`;
  }
  return tokens.map(encodeToken).join(".");
}

const answers: ReadonlySet<string> = new Set(["started", "progressed", "finished"]);
const conductor = sourceOfService("conductor");
const handlers = sourceOfHandler("");

/** The addressee of `triggered`, the author of an answer, else nobody; so under a handler's name only it speaks. */
function handlerToken(event: CloudEvent): string {
  const predicate = parseType(event.type)?.predicate ?? "";
  if (predicate === "triggered" && event.handler !== undefined && !isCached(event)) {
    return encodeToken(event.handler);
  }
  const author = answers.has(predicate) ? authorOf(event) : undefined;
  return author === undefined ? nobody : encodeToken(author);
}

/** `/jackfield/handlers/<name>` → the name; any other source → undefined. */
const authorOf = ({ source }: CloudEvent): string | undefined =>
  source.startsWith(handlers) ? source.slice(handlers.length) : undefined;

/** What the conductor answers itself is addressed to nobody. */
const isCached = ({ data }: CloudEvent): boolean =>
  typeof data === "object" && data !== null && "cached" in data && data.cached === true;

/** Subject → its parts, or undefined when it does not lie under the root. */
export function parseSubject(subject: string, root = "evt"): SubjectParts | undefined {
  if (!subject.startsWith(`${root}.`)) return undefined;
  const [project, handler, ...type] = subject.slice(root.length + 1).split(".");
  if (project === undefined || handler === undefined || type.length === 0) return undefined;
  return { project, handler, type: type.join(".") };
}

/**
 * The forged-event check: NATS grants rights by subject, so a body may not say more than its subject allows.
 * Undefined when they agree, else the reason.
 */
export function checkAgainstSubject(event: CloudEvent, subject: string, root = "evt"): string | undefined {
  const parts = parseSubject(subject, root);
  if (parts === undefined) return `${subject} is no subject of an event`;
  if (parseType(event.type)?.predicate === "triggered" && event.source !== conductor) {
    return `${event.source} triggers, which only the conductor may`;
  }
  const expected = subjectOf(event, root);
  if (expected !== subject) return `the body belongs to ${expected}, it came on ${subject}`;
  const author = isAnswer(event) ? authorOf(event) : undefined;
  if (isAnswer(event) && author === undefined && event.source !== conductor) {
    return `${event.source} answers, which only the handler that was asked may`;
  }
  if (author !== undefined && event.handler !== undefined && event.handler !== author) {
    return `${event.source} answers as ${event.handler}`;
  }
  return undefined;
}

const isAnswer = (event: CloudEvent): boolean => answers.has(parseType(event.type)?.predicate ?? "");
