import type { Gap } from "@jackfield/events/log-place";
import { ensureStream, renewEpoch, type StreamOptions } from "@jackfield/events/stream";
import type { LogFold, Parts } from "@jackfield/service/define";
import { gapText } from "@jackfield/service/follow-log";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { factId, sourceOfService } from "@jackfield/spec/event/ids";
import { incidentDetected } from "@jackfield/spec/facts/incident";
import type { Fold } from "./fold.ts";

/** The incident is in the log when it can be; a full stream must not keep the tracker from going on. */
const sayWithinMs = 5_000;

/** Makes the stream when there is none; one that is there stays as it is, and what differs is said. */
export async function makeStream(
  { events, log }: Pick<Parts, "events" | "log">,
  options: StreamOptions,
): Promise<void> {
  const { created, drift } = await ensureStream(events, options);
  if (created) log.info({ event: "stream.created", stream: events.stream }, "made the stream of events");
  if (drift.length > 0)
    log.warn({ event: "stream.differs", stream: events.stream, drift }, "the stream is set up differently");
}

/** What the owner of the stream does when it does not go on where the log ends. */
export function keeperOf(
  parts: Pick<Parts, "events" | "log" | "publisher">,
  fold: Fold,
  options: StreamOptions,
): NonNullable<LogFold["keeper"]> {
  return {
    onNoStream: () => makeStream(parts, options),
    onBehind: (last) => renewEpoch(parts.events, last),
    // Said first: who dies in between finds the gap again, and says the same once more.
    onGap: async (gap) => {
      const incident = incidentOf(gap, new Date());
      parts.log.error({ event: "log.incident", ...gapText(gap) }, "events were lost before they were read");
      await parts.publisher
        .publish(incident, { deadlineMs: sayWithinMs })
        .catch((error: unknown) =>
          parts.log.error(
            { event: "incident.unpublished", error: String(error) },
            "the incident is not said",
          ),
        );
      await fold.skip(gap, Date.now());
    },
  };
}

function incidentOf(gap: Gap, now: Date): CloudEvent {
  const text = gapText(gap);
  const id = factId(`log/${text.from}`, text.to, "detected");
  return {
    specversion: "1.0",
    id,
    source: sourceOfService("tracker"),
    type: incidentDetected.type,
    subject: "log",
    time: now.toISOString(),
    datacontenttype: "application/json",
    correlationid: id,
    data: { what: "log.gap", ...text },
  };
}
