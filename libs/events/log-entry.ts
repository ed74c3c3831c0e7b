import type { MsgHdrs } from "@nats-io/transport-node";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Position } from "@jackfield/spec/event/position";
import { decode } from "./codec.ts";
import type { HeaderLines } from "./header-text.ts";
import { isRestored } from "./outgoing.ts";
import type { Delivery } from "./pull.ts";
import { checkAgainstSubject } from "./subject.ts";

/** What may not count: it is kept as it came, so that people can look at it. */
export interface Refusal {
  reason: "not-an-event" | "forged";
  detail: string;
  body: Uint8Array;
  headers: [name: string, value: string][];
  /** What a forged event claims to be. */
  claimed?: CloudEvent;
}

interface Place {
  position: Position;
  subject: string;
  /** When the stream took it, ms since 1970 by the clock of the server. */
  storedMs: number;
}

interface ReadEvent {
  event: CloudEvent;
  /** Made when it is looked at. */
  readonly digest: string;
  /** The event as JSON text, where it came so. */
  json?: Uint8Array;
  /** Whoever published it says that it was in the log before. */
  restored?: true;
  refused?: undefined;
}

/** One message of the log: an event, or what was refused. */
export type LogEntry = (Place & ReadEvent) | (Place & { event?: undefined; refused: Refusal });

type Read = ReadEvent | { event?: undefined; refused: Refusal };

/** A delivery → event whose body and subject agree, or the reason why it does not count. Never throws. */
export function readDelivery(delivery: Pick<Delivery, "message">, subjectRoot: string): Read {
  try {
    return checkedEvent(delivery, subjectRoot);
  } catch (error) {
    // The client parses headers only when they are asked for, and throws for a line break or a strange name in them.
    // Thrown inside its callback, that would end its reading for good, without a word.
    const detail = error instanceof Error ? error.message : String(error);
    return { refused: { reason: "not-an-event", detail, body: delivery.message.data, headers: [] } };
  }
}

function checkedEvent({ message }: Pick<Delivery, "message">, subjectRoot: string): Read {
  const { subject, data: body, headers: lines = [] } = message;
  const decoded = decode({ body, headers: lines });
  if (!decoded.ok) {
    return { refused: { reason: "not-an-event", detail: decoded.reason, body, headers: pairsOf(lines) } };
  }
  const { event } = decoded;
  const forged = checkAgainstSubject(event, subject, subjectRoot);
  // Not a spread, which would make the digest of every event.
  if (forged === undefined)
    return isRestored(message.headers) ? Object.assign(decoded, { restored: true as const }) : decoded;
  return { refused: { reason: "forged", detail: forged, body, headers: pairsOf(lines), claimed: event } };
}

const pairsOf = (lines: HeaderLines | MsgHdrs): [string, string][] =>
  [...(lines as HeaderLines)].flatMap(([name, values]) =>
    [values ?? []].flat().map((value): [string, string] => [name, value]),
  );
