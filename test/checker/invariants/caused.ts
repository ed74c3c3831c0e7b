import { attribute } from "../envelope.ts";
import type { Case } from "../evidence.ts";
import type { Said } from "../reading.ts";
import { Evidence, type Judgement } from "../verdict.ts";

/** I7: what Jackfield says because of an event comes after that event. */
export function judgeCaused({ reading }: Case): Judgement {
  const evidence = new Evidence();
  const byId = new Map<string, Said[]>();
  for (const said of reading.kept.values()) {
    const { id } = said.event;
    byId.set(id, [...(byId.get(id) ?? []), said]);
  }
  for (const said of reading.kept.values()) {
    const cause = attribute(said.event, "causationid");
    if (cause === undefined || !said.event.source.startsWith("/jackfield/")) continue;
    const source = attribute(said.event, "causationsource");
    const found = (byId.get(cause) ?? []).filter(
      ({ event }) => source === undefined || event.source === source,
    );
    const where = `${said.event.id} at ${said.place}`;
    if (found.length === 0) evidence.look(`${where} was caused by ${cause}, which is not in the log`);
    else
      evidence.look(
        found.some(({ order }) => order < said.order) ? undefined : `${where} came before its cause ${cause}`,
      );
  }
  return evidence.judge("I7");
}
