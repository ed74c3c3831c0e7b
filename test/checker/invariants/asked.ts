import { placeOf } from "../envelope.ts";
import type { Case } from "../evidence.ts";
import { Evidence, type Judgement } from "../verdict.ts";

/** I5: what may not count is in quarantine, and only that; the tests say where they lied. */
export function judgeAsked({ history, stores, reading }: Case): Judgement {
  const evidence = new Evidence();
  const withheld = new Map(stores.tracker.withheld.map((row) => [placeOf(row), row]));
  for (const [place, why] of reading.refused) {
    evidence.look(withheld.has(place) ? undefined : `${place} is not in quarantine, though ${why}`);
  }
  for (const place of stores.tracker.kept.map(placeOf)) {
    const why = reading.refused.get(place);
    evidence.look(why === undefined ? undefined : `the log took ${place}, though ${why}`);
  }
  const lies = new Set(history.flatMap((line) => (line.op === "lie" ? [line.position] : [])));
  for (const [place, { why, detail }] of withheld) {
    evidence.look(
      lies.has(place) ? undefined : `nobody lied at ${place}, and it was withheld: ${why}, ${detail}`,
    );
  }
  for (const place of lies) {
    evidence.look(withheld.has(place) ? undefined : `the lie at ${place} was not withheld`);
  }
  return evidence.judge("I5");
}
