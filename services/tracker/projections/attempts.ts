import type { Asked } from "@jackfield/spec/event/answer";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Position } from "@jackfield/spec/event/position";
import { parseType } from "@jackfield/spec/event/type";
import type { KeptEvent } from "../kept-event.ts";

/** What a `triggered` fixes. */
export interface Question extends Asked {
  role: string;
  triggered: Position;
  triggeredMs: number;
  /** An answer was counted: any further one is late. */
  finished: boolean;
}

export interface Moment {
  position: Position;
  storedMs: number;
}

/** What a batch says of one attempt. */
export interface AttemptChange {
  question: Question;
  started?: Moment;
  progressed?: Moment;
  finished?: Moment & { status: string | undefined; result: string | undefined; cached: boolean };
}

/** A `finished` that counts, with its question. */
export interface CountedFinish {
  finish: KeptEvent;
  question: Question;
}

/** An answer after the counted one. */
export interface LateAnswer {
  position: Position;
  triggeredid: string;
}

export interface Attempts {
  /** Sorted by the question's id. */
  changes: AttemptChange[];
  counted: CountedFinish[];
  late: LateAnswer[];
}

type Answer = "started" | "progressed" | "finished";

/** The predicate of an event that answers a `triggered`. A run has facts of the same names, which answer nothing. */
export function answerOf({ type }: CloudEvent): Answer | undefined {
  const { subject, predicate } = parseType(type) ?? { subject: "run", predicate: "" };
  if (subject === "run") return undefined;
  return predicate === "started" || predicate === "progressed" || predicate === "finished"
    ? predicate
    : undefined;
}

/** Is it a `triggered` of ours? The end of its type tells nearly all others apart at once. */
export const isQuestion = ({ type }: CloudEvent): boolean =>
  type.includes(".triggered.") && parseType(type)?.predicate === "triggered";

/** A `triggered` → the question it asks; undefined for any other event. */
export function questionOf({ event, position, storedMs }: KeptEvent): Question | undefined {
  if (!isQuestion(event) || event.subject === undefined) return undefined;
  return {
    triggeredid: event.id,
    project: event.project ?? "",
    task: event.subject,
    capability: parseType(event.type)?.subject ?? "",
    handler: event.handler ?? "",
    role: event.role ?? "primary",
    attempt: event.attempt ?? 1,
    triggered: position,
    triggeredMs: storedMs,
    finished: false,
  };
}

/**
 * Events in stream order → what changed, one change an attempt. The first `finished` counts, whoever sent it.
 * Every answer among the events has its question, either in `open` or before it among the events.
 */
export function foldAttempts(events: readonly KeptEvent[], open: ReadonlyMap<string, Question>): Attempts {
  const changes = new Map<string, AttemptChange>();
  const folded: Attempts = { changes: [], counted: [], late: [] };
  for (const kept of events) {
    const asked = questionOf(kept);
    if (asked !== undefined) changes.set(asked.triggeredid, { question: asked });
    const answer = answerOf(kept.event);
    const id = kept.event.triggeredid ?? "";
    const question = changes.get(id)?.question ?? open.get(id);
    if (answer === undefined || question === undefined) continue;
    const change = changes.get(id) ?? { question };
    changes.set(id, change);
    if (answer !== "finished") change[answer] = momentOf(kept);
    else if (question.finished || change.finished !== undefined)
      folded.late.push({ position: kept.position, triggeredid: id });
    else {
      change.finished = finishOf(kept);
      folded.counted.push({ finish: kept, question });
    }
  }
  folded.changes = [...changes.values()].sort((a, b) =>
    a.question.triggeredid < b.question.triggeredid ? -1 : 1,
  );
  return folded;
}

const momentOf = ({ position, storedMs }: KeptEvent): Moment => ({ position, storedMs });

const finishOf = (kept: KeptEvent): NonNullable<AttemptChange["finished"]> => ({
  ...momentOf(kept),
  status: kept.event.status,
  result: kept.event.result,
  cached: isObject(kept.event.data) && kept.event.data["cached"] === true,
});

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
