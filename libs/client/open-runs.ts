import { events } from "@jackfield/spec/ask/tracker";
import { unfinished } from "@jackfield/spec/ask/conductor";
import { runStarted } from "@jackfield/spec/facts/run";
import { shortType } from "@jackfield/spec/event/type";
import { patiently } from "./patience.ts";
import { segment, type Server } from "./server.ts";

/** How the runs of one story are told apart from its end. */
export interface StoryPlace {
  correlationid: string;
  signal: AbortSignal;
}

/**
 * Runs of a story that a reader who has everything up to `position` has to wait for: those that are not over, and those
 * that began after it and may be over already. None: the story is over, also what its own events led to.
 * A server that is away is waited for. @throws what the signal was aborted with
 */
export async function openRuns(
  server: Server,
  position: string,
  { correlationid, signal }: StoryPlace,
): Promise<string[]> {
  const path = `/v1/stories/${segment(correlationid)}`;
  const open = await patiently(() => server.get(unfinished.answer, path, { after: position }), signal);
  if (open.runs.length > 0) return open.runs;
  const query = {
    correlationid,
    filter: shortType(runStarted.type),
    cursor: position,
    after: open.position,
    limit: 500,
  };
  const page = await patiently(() => server.get(events.answer, "/v1/events", query), signal);
  return page.events.flatMap(({ event }) => event.run ?? []);
}
