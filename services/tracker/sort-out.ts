import type { LogEntry } from "@jackfield/events/log-entry";
import { answersTo } from "@jackfield/spec/event/answer";
import { eventKey } from "@jackfield/spec/event/ids";
import type { KeptEvent } from "./kept-event.ts";
import { answerOf, isQuestion, questionOf, type Question } from "./projections/attempts.ts";

/** What is not taken into the log, and why; kept beside it, so that nothing is dropped silently. */
export interface Withheld {
  entry: LogEntry;
  why: "conflict" | "forged" | "not-an-event" | "no-question" | "missing";
  detail: string;
}

export interface SortedOut {
  kept: KeptEvent[];
  withheld: Withheld[];
}

/** What the log says already, as far as the entries at hand meet it. */
export interface Known {
  /** Digests by key. */
  digests: ReadonlyMap<string, string>;
  /** Questions by id. */
  questions: ReadonlyMap<string, Question>;
}

/**
 * Entries of the stream, in its order → what the log takes. The first of a key stands; the same again is a repeat and
 * harmless, another content under the key a conflict. A forged event takes no key. An answer needs its question before it.
 */
export function sortOut(entries: readonly LogEntry[], known: Known): SortedOut {
  // What these entries add; what is known is large, and not copied.
  const digests = new Map<string, string>();
  const questions = new Map<string, Question>();
  const sorted: SortedOut = { kept: [], withheld: [] };
  const answered = ({ event: { triggeredid = "" } }: KeptEvent): Question | undefined =>
    questions.get(triggeredid) ?? known.questions.get(triggeredid);
  for (const entry of entries) {
    if (entry.refused !== undefined) {
      sorted.withheld.push({ entry, why: entry.refused.reason, detail: entry.refused.detail });
      continue;
    }
    const key = eventKey(entry.event);
    const first = digests.get(key) ?? known.digests.get(key);
    if (first === entry.digest) continue;
    const fault = first === undefined ? unasked(entry, answered(entry)) : conflict(entry, first);
    if (fault !== undefined) {
      sorted.withheld.push({ entry, ...fault });
      continue;
    }
    digests.set(key, entry.digest);
    sorted.kept.push(entry);
    const question = questionOf(entry);
    if (question !== undefined) questions.set(question.triggeredid, question);
  }
  return sorted;
}

type Fault = Pick<Withheld, "why" | "detail">;

const conflict = ({ event, digest }: KeptEvent, first: string): Fault => ({
  why: "conflict",
  detail: `the log has ${event.id} with ${first}, this one is ${digest}`,
});

function unasked({ event }: KeptEvent, question: Question | undefined): Fault | undefined {
  if (answerOf(event) === undefined) return undefined;
  if (question !== undefined && answersTo(event, question)) return undefined;
  return { why: "no-question", detail: whyUnasked(event.triggeredid, question) };
}

function whyUnasked(triggeredid: string | undefined, question: Question | undefined): string {
  if (triggeredid === undefined) return "it has no triggeredid, so it answers nothing";
  if (question === undefined) return `nothing in the log before it is ${triggeredid}`;
  return `${triggeredid} asked for another task, capability, handler or attempt`;
}

/** The ids of the questions that these entries answer. */
export const idsAnswered = (entries: readonly LogEntry[]): string[] =>
  entries.flatMap(({ event }) =>
    event?.triggeredid === undefined || answerOf(event) === undefined ? [] : [event.triggeredid],
  );

/** The ids of the questions among these entries. */
export const idsAsked = (entries: readonly LogEntry[]): Set<string> =>
  new Set(
    entries.flatMap((entry) =>
      entry.refused === undefined && isQuestion(entry.event) ? [entry.event.id] : [],
    ),
  );
