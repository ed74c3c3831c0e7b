import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { decideAborts } from "./abort-attempts.ts";
import { catalogueIn } from "./capabilities.ts";
import { decideFacts } from "./publish-facts.ts";
import type { Decided } from "./on-its-way.ts";
import { decideEnd } from "./run-finished.ts";
import { decideRequests } from "./run-requested.ts";
import type { Catalogue } from "./facts.ts";
import type { Change, Entry, State } from "./state.ts";

/** What a decision needs beside state and event: what the fold did, our own contracts, the time to write down, and what was decided before. */
export interface Context {
  /** What folding the event changed. */
  changes: readonly Change[];
  catalogue: Catalogue;
  now: string;
  decided: Decided;
}

/**
 * What follows from an event, after it was folded: events to publish. Ids are derived, so deciding twice gives the same
 * events. Who is given work, and what clocks say, is not here: slots and time are the shell's.
 * @throws NotLoaded when a row is needed that the shell does not hold; the step is then repeated.
 */
export const decide = (
  state: State,
  entry: Entry,
  { changes, catalogue, now, decided }: Context,
): CloudEvent[] => [
  ...decideRequests(entry, changes, now),
  ...decideFacts(state, entry, catalogueIn(state, catalogue), now),
  ...decideAborts(state, entry, now, decided),
  ...decideEnd(state, entry, now, decided),
];
