import type { LogEntry } from "@jackfield/events/log-entry";
import { eventKey } from "@jackfield/spec/event/ids";
import { foldAttempts, type AttemptChange, type Question } from "@jackfield/tracker/projections/attempts";
import { sortOut, type Withheld } from "@jackfield/tracker/sort-out";
import { epoch } from "./stream.ts";

/** The tracker's log in memory: its own sorting out and its own counting, committed batch by batch. */
export class Tracker {
  readonly digests = new Map<string, string>();
  readonly withheld: Withheld[] = [];
  /** Which `finished` counts, by the id of its `triggered`: its place in the stream. */
  readonly counted = new Map<string, number>();
  readonly questions = new Map<string, Question>();
  readonly #countsLast: boolean;

  constructor(countsLast = false) {
    this.#countsLast = countsLast;
  }

  fold(entries: readonly LogEntry[]): void {
    const { kept, withheld } = sortOut(entries, this);
    this.withheld.push(...withheld);
    const { changes, late } = foldAttempts(kept, this.questions);
    for (const { event, digest } of kept) this.digests.set(eventKey(event), digest);
    for (const change of changes) this.#take(change);
    if (!this.#countsLast) return;
    for (const { triggeredid, position } of late) this.counted.set(triggeredid, position.sequence);
  }

  #take({ question, finished }: AttemptChange): void {
    const isFinished = question.finished || finished !== undefined;
    this.questions.set(question.triggeredid, { ...question, finished: isFinished });
    if (finished?.position.epoch === epoch)
      this.counted.set(question.triggeredid, finished.position.sequence);
  }
}
