import { contentOf, keyOf, type Event } from "../envelope.ts";
import type { Case } from "../evidence.ts";
import { Evidence, type Judgement } from "../verdict.ts";

/** I1: nothing that was acknowledged, and nothing that the stream took, is missing in the log or twice in it. */
export function judgeAcknowledged({ history, stores, reading }: Case): Judgement {
  const evidence = new Evidence();
  const log = new Map<string, { place: string; content: string }>();
  const withheld = new Set(stores.tracker.withheld.map(placeText));
  for (const row of stores.tracker.kept) {
    // The tracker wrote it; whether it is the event that was sent is judged below.
    const event = JSON.parse(row.body) as Event;
    const first = log.get(keyOf(event));
    evidence.look(first && `${event.id} is in the log at ${first.place} and again at ${placeText(row)}`);
    if (first === undefined) log.set(keyOf(event), { place: placeText(row), content: contentOf(event) });
  }
  for (const { place, key, content, event } of reading.kept.values()) {
    const logged = log.get(key);
    if (logged === undefined) {
      evidence.look(
        withheld.has(place) ? undefined : `${event.id} is in the stream at ${place} and not in the log`,
      );
    } else if (logged.content !== content) evidence.look(`the log has ${event.id} with other content`);
    else
      evidence.look(
        logged.place === place ? undefined : `${event.id} is at ${place}, in the log at ${logged.place}`,
      );
  }
  const keys = new Set(stores.tracker.withheld.flatMap(({ body }) => keyIn(body) ?? []));
  for (const line of history) {
    if (line.op !== "publish" || line.answer !== "ok") continue;
    const logged = log.get(line.key);
    const same = logged !== undefined && (line.digest === undefined || line.digest === logged.content);
    evidence.look(
      same || keys.has(line.key) ? undefined : `${line.who} was told that ${line.key} is kept; it is not`,
    );
  }
  return evidence.judge("I1");
}

const placeText = ({ epoch, sequence }: { epoch: number; sequence: number }): string =>
  `${epoch}-${sequence}`;

/** The key that a withheld body claims. */
function keyIn(body: string): string | undefined {
  try {
    return keyOf(JSON.parse(body) as Event);
  } catch {
    return undefined;
  }
}
