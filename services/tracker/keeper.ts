import { ensureStream, renewEpoch, type StreamOptions } from "@jackfield/events/stream";
import type { LogFold, Parts } from "@jackfield/service/define";
import type { Fold } from "./fold.ts";

/** Makes the stream when there is none; one that is there stays as it is, and what differs is said. Gives the options back. */
export async function makeStream(
  { events, log }: Pick<Parts, "events" | "log">,
  options: StreamOptions,
): Promise<StreamOptions> {
  const { created, drift } = await ensureStream(events, options);
  if (created) log.info({ event: "stream.created", stream: events.stream }, "made the stream of events");
  if (drift.length > 0)
    log.warn({ event: "stream.differs", stream: events.stream, drift }, "the stream is set up differently");
  return options;
}

/** What the owner of the stream does when it does not go on where the log ends; `tell` says what was noted. */
export const keeperOf = (
  parts: Pick<Parts, "events" | "log">,
  { fold, stream, tell }: { fold: Fold; stream: StreamOptions; tell: () => void },
): NonNullable<LogFold["keeper"]> => ({
  onNoStream: async () => {
    await makeStream(parts, stream);
  },
  onBehind: (last) => renewEpoch(parts.events, last),
  onGap: async (gap) => {
    await fold.skip(gap, Date.now());
    tell();
  },
});
