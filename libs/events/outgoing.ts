import { headers as natsHeaders, type MsgHdrs } from "@nats-io/transport-node";
import { Problem } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Events } from "./connection.ts";
import { contentDigest, messageId } from "./digest.ts";
import { encodeStructured } from "./encode.ts";
import { subjectOf } from "./subject.ts";

const restored = "Jackfield-Restored";

/** Was this event in the log before, and put back into the stream? Anybody may say so: it makes nobody trust it more. */
export const isRestored = (headers: MsgHdrs | undefined): boolean => headers?.has(restored) === true;

/** Says that an event was in the log before. */
export const markRestored = (headers: MsgHdrs): void => headers.set(restored, "1");

const again = "Jackfield-Again";

/** Says that an event is sent once more: the server drops a repeat for two minutes only, later it lies there twice. */
export const markAgain = (headers: MsgHdrs): void => headers.set(again, "1");

/** Does whoever sent it say that it may lie in the stream already? */
export const mayBeRepeat = (headers: MsgHdrs | undefined): boolean =>
  isRestored(headers) || headers?.has(again) === true;

/** An event, ready for the stream. */
export interface Outgoing {
  subject: string;
  body: Uint8Array;
  headers: MsgHdrs;
}

/**
 * Event → subject, body and headers with its message id.
 * @throws Problem E_INVALID, E_TOO_LARGE.
 */
export function outgoing(
  event: CloudEvent,
  { subjectRoot, secret }: Pick<Events, "subjectRoot" | "secret">,
  isRestoring = false,
): Outgoing {
  const { body, headers: lines } = encodeStructured(event);
  const headers = natsHeaders();
  for (const [name, value] of lines) headers.set(name, value);
  headers.set("Nats-Msg-Id", messageId(event, digestOfSendable(event), secret));
  if (isRestoring) markRestored(headers);
  return { subject: subjectOf(event, subjectRoot), body, headers };
}

function digestOfSendable(event: CloudEvent): string {
  try {
    return contentDigest(event);
  } catch (error) {
    throw new Problem(
      "E_INVALID",
      `The data of the event ${event.id} (${event.type}) cannot be written as JSON.`,
      {
        why: error instanceof Error ? error.message : String(error),
        cause: error,
      },
    );
  }
}
