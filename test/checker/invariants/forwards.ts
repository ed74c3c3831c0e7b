import { attribute, wordsOf } from "../envelope.ts";
import type { Case } from "../evidence.ts";
import type { Said } from "../reading.ts";
import { Evidence, type Judgement } from "../verdict.ts";

/** I4: a run begins and ends once, nothing is asked after its end, and no projection takes back what it said. */
export function judgeForwards(given: Case): Judgement {
  const evidence = new Evidence();
  judgeRuns(given, evidence);
  const last = new Map<string, string>();
  for (const line of given.history) {
    if (line.op !== "states") continue;
    for (const [thing, state] of Object.entries(line.states)) {
      const name = `${line.of}: ${thing}`;
      const before = last.get(name);
      last.set(name, state);
      const back = before !== undefined && goesBack(before, state);
      evidence.look(back ? `${name} went from ${before} back to ${state}` : undefined);
    }
  }
  return evidence.judge("I4");
}

function judgeRuns({ reading }: Case, evidence: Evidence): void {
  const ended = new Map<string, Said>();
  const begun = new Set<string>();
  for (const said of reading.kept.values()) {
    const run = attribute(said.event, "run") ?? "";
    const words = wordsOf(said.event);
    if (words === undefined || run === "") continue;
    const end = ended.get(run);
    const { subject, predicate } = words;
    if (subject === "run" && predicate === "started") {
      evidence.look(begun.has(run) ? `${run} was started again at ${said.place}` : undefined);
      begun.add(run);
    }
    if (subject === "run" && predicate === "finished") {
      evidence.look(end && `${run} ended at ${end.place} and again at ${said.place}`);
      ended.set(run, end ?? said);
    }
    // Nothing waits for a shadow, so a run may be over before its shadows are.
    if (predicate === "triggered" && attribute(said.event, "role") !== "shadow")
      evidence.look(
        end && `${said.event.id} was asked at ${said.place}, after its run ended at ${end.place}`,
      );
  }
}

/** Where a state stands in the life of its thing; what is final has no rank, and never changes. */
const ranks: ReadonlyMap<string, number> = new Map([
  ["unknown", 0],
  ["open", 0],
  ["requested", 0],
  ["waiting", 0],
  ["ready", 1],
  ["triggered", 2],
  ["running", 2],
  ["paused", 2],
  ["started", 3],
  // A task that is made of others has no attempts of its own.
  ["expanded", Number.MAX_SAFE_INTEGER],
  ["asked", Number.MAX_SAFE_INTEGER],
]);

function goesBack(before: string, now: string): boolean {
  const [was, is] = [rankOf(before), rankOf(now)];
  if (isPlace(before) && isPlace(now) && before !== now) return !isLater(now, before);
  // An aborted run may still be said to have ended so.
  return was === undefined ? before !== now && before !== "aborted" : is !== undefined && is < was;
}

/** A task's state is `<attempt> <status>`: the next attempt goes on from the one before. */
function rankOf(state: string): number | undefined {
  const [, attempt = "0", status = state] = /^(\d+) (.*)$/.exec(state) ?? [];
  const rank = ranks.get(status);
  return rank === undefined ? undefined : Number(attempt) * 4 + rank;
}

const isPlace = (state: string): boolean => /^\d+-\d+$/.test(state);

function isLater(place: string, than: string): boolean {
  const [epoch = 0, sequence = 0] = place.split("-").map(Number);
  const [thanEpoch = 0, thanSequence = 0] = than.split("-").map(Number);
  return epoch - thanEpoch > 0 || (epoch === thanEpoch && sequence > thanSequence);
}
