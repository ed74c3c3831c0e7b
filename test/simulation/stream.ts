import { decode } from "@jackfield/events/codec";
import type { LogEntry } from "@jackfield/events/log-entry";
import { checkAgainstSubject } from "@jackfield/events/subject";
import type { Agenda } from "./agenda.ts";

export const epoch = 1;

/** Bytes on their way into the stream. */
export interface Message {
  subject: string;
  body: Uint8Array;
  headers: [name: string, value: string][];
  messageId: string;
}

export interface Stored extends Message {
  sequence: number;
  storedMs: number;
  entry: LogEntry;
}

/** The stream: a total order, and a window in which a message id is taken once. */
export class Stream {
  readonly messages: Stored[] = [];
  readonly #agenda: Agenda;
  readonly #seen = new Map<string, { sequence: number; untilMs: number }>();
  readonly #listeners: ((stored: Stored) => void)[] = [];
  windowMs = 0;

  constructor(agenda: Agenda) {
    this.#agenda = agenda;
  }

  get end(): number {
    return this.messages.length;
  }

  onStored(listener: (stored: Stored) => void): void {
    this.#listeners.push(listener);
  }

  /** Where the message lies now; a repeat within the window lies where it lay. */
  store(message: Message): number {
    const { nowMs } = this.#agenda;
    const seen = this.#seen.get(message.messageId);
    if (seen !== undefined && seen.untilMs >= nowMs) return seen.sequence;
    const sequence = this.messages.length + 1;
    const stored = { ...message, sequence, storedMs: nowMs, entry: read(message, sequence, nowMs) };
    this.messages.push(stored);
    this.#seen.set(message.messageId, { sequence, untilMs: nowMs + this.windowMs });
    for (const listener of this.#listeners) listener(stored);
    return sequence;
  }

  /** The next messages behind a place. */
  after(sequence: number, most: number): Stored[] {
    return this.messages.slice(sequence, sequence + most);
  }
}

/** As every log reader reads: what is no event, or says more than its subject allows, does not count. */
function read({ subject, body, headers }: Message, sequence: number, storedMs: number): LogEntry {
  const place = { position: { epoch, sequence }, subject, storedMs };
  const decoded = decode({ body, headers });
  const refused = { body, headers };
  if (!decoded.ok)
    return { ...place, refused: { ...refused, reason: "not-an-event", detail: decoded.reason } };
  const forged = checkAgainstSubject(decoded.event, subject);
  if (forged === undefined) return { ...place, event: decoded.event, digest: decoded.digest };
  return { ...place, refused: { ...refused, reason: "forged", detail: forged, claimed: decoded.event } };
}
