import { randomUUID } from "node:crypto";
import type { z } from "zod";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { Problem } from "@jackfield/problem/problem";
import { acceptedEvent } from "@jackfield/spec/http/events";
import { getMe } from "@jackfield/spec/http/tokens";
import { patiently } from "./patience.ts";
import type { Server } from "./server.ts";

/** What a person emits comes from the command line, whoever sits there. */
export const ownSource = "/jackfield-cli";

export type Accepted = z.output<typeof acceptedEvent>;

/** An event of ours: a root, so its story is named by its own id. */
export function ownEvent(
  parts: Partial<CloudEvent> & Pick<CloudEvent, "type"> & { data?: unknown },
): CloudEvent {
  const id = parts.id ?? randomUUID();
  return {
    specversion: "1.0",
    source: ownSource,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    correlationid: id,
    ...parts,
    id,
  };
}

/** A server that is just restarting is waited for so long. */
const awayMs = 5_000;

/** Posts one CloudEvent in structured mode; sending it twice is harmless, because its id stays. */
export async function postEvent(server: Server, event: CloudEvent): Promise<Accepted> {
  try {
    return await post(server, event);
  } catch (thrown) {
    const isSource = thrown instanceof Problem && thrown.code === "E_NOT_YOURS" && thrown.here === "/source";
    if (!isSource || event.source !== ownSource) throw thrown;
    // Of a token that has sources of its own, what this command says comes from there.
    const { source } = await server.get(getMe.answer, "/v1/me");
    if (source === undefined) throw thrown;
    return post(server, { ...event, source });
  }
}

const post = (server: Server, event: CloudEvent): Promise<Accepted> =>
  patiently(
    () =>
      server.post(acceptedEvent, "/v1/events", {
        body: event,
        headers: { "content-type": "application/cloudevents+json" },
      }),
    AbortSignal.timeout(awayMs),
  );
