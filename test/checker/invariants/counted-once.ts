import { placeOf } from "../envelope.ts";
import type { Case } from "../evidence.ts";
import type { Question } from "../reading.ts";
import { Evidence, type Judgement } from "../verdict.ts";

/** I2: the first `finished` of an attempt in stream order counts, for everybody; the next attempt comes after it. */
export function judgeCountedOnce(given: Case): Judgement {
  const evidence = new Evidence();
  const { questions } = given.reading;
  const attempts = new Map(given.stores.tracker.attempts.map((row) => [row.triggeredid, row]));
  for (const [id, question] of questions) {
    const counted = question.finished[0]?.place;
    evidence.look(counted === undefined ? `${id} was never answered` : undefined);
    const row = attempts.get(id);
    const tracked =
      row?.finished_epoch == null ? undefined : `${row.finished_epoch}-${row.finished_sequence ?? 0}`;
    evidence.look(
      tracked === counted
        ? undefined
        : `${id}: the stream counts ${said(counted)}, the tracker ${said(tracked)}`,
    );
  }
  for (const id of attempts.keys()) {
    evidence.look(questions.has(id) ? undefined : `the tracker knows ${id}, which nobody may have asked`);
  }
  judgeLate(given, evidence);
  judgeConductor(given, evidence);
  judgeOrder([...questions.values()], evidence);
  judgeRebuilt(given, evidence);
  return evidence.judge("I2");
}

const said = (place: string | undefined): string => place ?? "nothing";

function judgeLate({ reading, stores }: Case, evidence: Evidence): void {
  const marked = new Set(stores.tracker.late.map(placeOf));
  const late = new Set(
    [...reading.questions.values()].flatMap(({ finished }) => finished.slice(1).map(({ place }) => place)),
  );
  for (const place of late)
    evidence.look(marked.has(place) ? undefined : `${place} is late, and not marked so`);
  for (const place of marked)
    evidence.look(late.has(place) ? undefined : `${place} is marked late, and is not`);
}

/** A task that is done was decided by the counted answer of its last attempt. */
function judgeConductor({ reading, stores }: Case, evidence: Evidence): void {
  const byFinish = new Map(
    [...reading.questions].map(([id, question]) => [question.finished[0]?.place ?? id, question]),
  );
  const lastOf = lastQuestions(reading.questions.values());
  for (const { id, status, position } of [...stores.conductor.tasks, ...stores.conductor.asks]) {
    if (status !== "done" || position === undefined) continue;
    const place = placeOf(position);
    const counted = byFinish.get(place);
    if (counted?.task !== id)
      evidence.look(`the conductor ended ${id} by ${place}, which is no counted answer to it`);
    else {
      const last = lastOf.get(`${id} ${counted.handler}`);
      evidence.look(
        last === counted ? undefined : `the conductor ended ${id} by an earlier attempt, at ${place}`,
      );
    }
  }
}

function lastQuestions(questions: Iterable<Question>): Map<string, Question> {
  const last = new Map<string, Question>();
  for (const question of questions) {
    const name = `${question.task} ${question.handler}`;
    if (question.attempt >= (last.get(name)?.attempt ?? 0)) last.set(name, question);
  }
  return last;
}

/** Attempt n + 1 of a handler is asked when a `finished` of attempt n is in the stream. */
function judgeOrder(questions: readonly Question[], evidence: Evidence): void {
  const byName = new Map(questions.map((question) => [nameOf(question, question.attempt), question]));
  for (const question of questions) {
    if (question.attempt === 1) continue;
    const before = byName.get(nameOf(question, question.attempt - 1));
    const ended = before?.finished[0]?.order ?? Infinity;
    evidence.look(
      ended < question.asked.order
        ? undefined
        : `${question.asked.event.id} came before its predecessor ended`,
    );
  }
}

/** Who folds the log once more comes to the same. */
function judgeRebuilt({ history }: Case, evidence: Evidence): void {
  for (const line of history) {
    if (line.op !== "rebuilt") continue;
    evidence.look(line.same ? undefined : `the state of ${line.reader} is another one than that made anew`);
  }
}

const nameOf = ({ task, handler }: Question, attempt: number): string => `${task} ${handler} ${attempt}`;
