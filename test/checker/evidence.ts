import type { Message } from "./envelope.ts";
import type { Line } from "./history.ts";
import { readMessages, type Reading } from "./reading.ts";
import type { Stores, Withheld } from "./stores.ts";
import type { Stream } from "./stream.ts";

/** Everything that is judged. */
export interface Case {
  history: readonly Line[];
  stores: Stores;
  stream: Stream;
  /** The checker's own reading of all that was ever in the stream. */
  reading: Reading;
}

/**
 * What was in the stream and is not any more (trimmed, or the stream was made anew) is read from the tracker's log, in
 * the place that it had; what both have comes from the stream.
 */
export function caseOf(history: readonly Line[], stores: Stores, stream: Stream): Case {
  const gone = ({ epoch, sequence }: { epoch: number; sequence: number }): boolean =>
    epoch !== stream.epoch || sequence < stream.first;
  const earlier: Message[] = [
    ...stores.tracker.kept.filter(gone).map(({ epoch, sequence, at, body }) => ({
      epoch,
      sequence,
      subject: undefined,
      storedMs: at.getTime(),
      headers: [],
      body: Buffer.from(body),
    })),
    ...stores.tracker.withheld.filter(gone).map(messageOf),
  ];
  const order = (one: Message, other: Message): number =>
    one.epoch - other.epoch || one.sequence - other.sequence;
  const messages = [...earlier, ...stream.messages].sort(order);
  return { history, stores, stream, reading: readMessages(messages, stream.root) };
}

const encoded = "base64:";

const messageOf = ({ epoch, sequence, at, subject, headers, body }: Withheld): Message => ({
  epoch,
  sequence,
  subject,
  storedMs: at.getTime(),
  // The tracker wrote it: pairs of texts.
  headers: headers === null ? [] : (JSON.parse(headers) as [string, string][]),
  body: body.startsWith(encoded) ? Buffer.from(body.slice(encoded.length), "base64") : Buffer.from(body),
});
