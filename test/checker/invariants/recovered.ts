import { attribute, wordsOf } from "../envelope.ts";
import type { Case } from "../evidence.ts";
import { Evidence, type Judgement } from "../verdict.ts";

/** Something that shows that work goes on. */
interface Sign {
  atMs: number;
  /** An execution that ended now began here; the time between was work. */
  sinceMs?: number;
}

/**
 * I8: after a fault, and after the end of one that lasted, work goes on within this time while a run is open, and
 * nobody had to help.
 */
export function judgeRecovered(given: Case, withinMs: number): Judgement {
  const evidence = new Evidence();
  const signs = signsIn(given);
  for (const line of given.history) {
    if (line.op === "operator") evidence.look(`${line.who} had to help: ${line.what}`);
    if (line.op !== "fault" || line.part === "begin") continue;
    const stalled = stallAfter(given, signs, line.at, withinMs);
    evidence.look(stalled === undefined ? undefined : `after ${line.what}: ${stalled}`);
  }
  return evidence.judge("I8");
}

function signsIn({ reading, history }: Case): Sign[] {
  const said = [...reading.kept.values()].filter(({ event }) => attribute(event, "run") !== undefined);
  const signs: Sign[] = said.map(({ storedMs }) => ({ atMs: storedMs }));
  const begun = new Map<string, number>();
  for (const line of history) {
    if (line.op === "fault") signs.push({ atMs: line.at });
    if (line.op !== "execute") continue;
    const name = `${line.instance} ${line.task} ${line.attempt}`;
    const sinceMs = line.part === "end" ? begun.get(name) : undefined;
    begun.set(name, line.at);
    signs.push({ atMs: line.at, ...(sinceMs !== undefined && { sinceMs }) });
  }
  return signs.sort((one, other) => one.atMs - other.atMs);
}

/** The first silence after this moment in which a run was open and nobody worked. */
function stallAfter(
  given: Case,
  signs: readonly Sign[],
  fromMs: number,
  withinMs: number,
): string | undefined {
  const end = openUntil(given, fromMs);
  if (end === undefined) return undefined;
  let lastMs = fromMs;
  for (const { atMs, sinceMs = atMs } of signs) {
    if (atMs < fromMs || lastMs >= end) continue;
    const silentMs = Math.min(atMs, end) - lastMs;
    if (silentMs > withinMs && sinceMs > lastMs)
      return `nothing moved for ${Math.round(silentMs / 100) / 10} s`;
    lastMs = atMs;
  }
  return end === Infinity ? "a run never ended" : undefined;
}

/** When the last of the runs that were open at this moment ended; undefined when none was. */
function openUntil({ reading }: Case, fromMs: number): number | undefined {
  const open = new Map<string, number>();
  for (const { event, storedMs } of reading.kept.values()) {
    const words = wordsOf(event);
    const run = attribute(event, "run");
    if (words?.subject !== "run" || run === undefined) continue;
    if (words.predicate === "started" && storedMs <= fromMs) open.set(run, Infinity);
    if (words.predicate !== "finished") continue;
    if (storedMs < fromMs) open.delete(run);
    else if (open.has(run)) open.set(run, storedMs);
  }
  return open.size === 0 ? undefined : Math.max(...open.values());
}
