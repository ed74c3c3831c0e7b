import type { Events } from "@jackfield/events/connection";
import { applyChange } from "@jackfield/lifecycle/fold-log";
import { evolve } from "@jackfield/lifecycle/evolve";
import type { Catalogue } from "@jackfield/lifecycle/facts";
import { noRows, type State } from "@jackfield/lifecycle/state";
import { askService } from "@jackfield/service/answer";
import { events as eventsOfLog } from "@jackfield/spec/ask/tracker";
import { parsePosition } from "@jackfield/spec/event/position";

/** All that decides who answers: what was applied, plugged, and who was there. */
const filter = "config.applied | binding.changed | capability.published | handler.registered | handler.lost";
const atOnce = 500;
const answerMs = 10_000;

/** The state as far as bindings go, folded again from the tracker's log up to an instant. @throws E_UNREACHABLE */
export async function bindingsAsOf(events: Events, catalogue: Catalogue, at: string): Promise<State> {
  const rows = noRows();
  const end = Date.parse(at);
  let cursor: string | undefined;
  do {
    const page = await askService(
      events,
      eventsOfLog,
      { filter, limit: atOnce, cursor },
      { timeoutMs: answerMs },
    );
    for (const logged of page.events) {
      if (Date.parse(logged.at) > end) return rows;
      const entry = { event: logged.event, position: parsePosition(logged.position) };
      for (const change of evolve(rows, entry, catalogue)) applyChange(rows, change);
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return rows;
}
