import {
  answerIn,
  attribute,
  conductor,
  contentOf,
  eventIn,
  forgedBecause,
  handlerSource,
  isTriggered,
  keyOf,
  placeOf,
  wordsOf,
  type Event,
  type Message,
} from "./envelope.ts";

/** An event that counts, at its place. */
export interface Said {
  place: string;
  /** Its number in the order of everything that was read. */
  order: number;
  storedMs: number;
  event: Event;
  key: string;
  content: string;
}

/** A `triggered` and what was answered. */
export interface Question {
  asked: Said;
  task: string;
  handler: string;
  attempt: number;
  /** Every `finished` that fits, in order: the first counts, the others are late. */
  finished: Said[];
}

/** What the checker itself makes of the stream, by the rules of design.md §3. */
export interface Reading {
  kept: Map<string, Said>;
  /** The first of each key. */
  byKey: Map<string, Said>;
  /** Places of messages that say the same once more. */
  repeats: Set<string>;
  /** Place → why it may not be in the log. */
  refused: Map<string, string>;
  questions: Map<string, Question>;
}

/** Folds messages in their order. `root`: where subjects of events begin. */
export function readMessages(messages: readonly Message[], root: string): Reading {
  const reading: Reading = {
    kept: new Map(),
    byKey: new Map(),
    repeats: new Set(),
    refused: new Map(),
    questions: new Map(),
  };
  messages.forEach((message, order) => readOne(reading, message, { order, root }));
  return reading;
}

function readOne(reading: Reading, message: Message, { order, root }: { order: number; root: string }): void {
  const place = placeOf(message);
  const event = eventIn(message);
  if (event === undefined) {
    reading.refused.set(place, "it is no CloudEvent");
    return;
  }
  const key = keyOf(event);
  const said = { place, order, storedMs: message.storedMs, event, key, content: contentOf(event) };
  const first = reading.byKey.get(key);
  const forged = message.subject === undefined ? undefined : forgedBecause(event, message.subject, root);
  if (forged === undefined && first?.content === said.content) {
    reading.repeats.add(place);
    return;
  }
  const why =
    forged ?? (first === undefined ? unaskedBecause(reading, event) : `${first.place} has this key`);
  if (why === undefined) keep(reading, said);
  else reading.refused.set(place, why);
}

/** Why nobody asked for this answer; undefined when somebody did, or it is none. */
function unaskedBecause({ questions }: Reading, event: Event): string | undefined {
  if (answerIn(event) === undefined) return undefined;
  const id = attribute(event, "triggeredid");
  const question = id === undefined ? undefined : questions.get(id);
  if (question === undefined) return `it answers ${id ?? "nothing"}, which was not asked before`;
  const own = event.source === conductor;
  if (!own && event.source !== handlerSource(question.handler)) return `${question.handler} was asked`;
  const named = attribute(event, "handler");
  const fits =
    attribute(event, "subject") === question.task &&
    wordsOf(event)?.subject === wordsOf(question.asked.event)?.subject &&
    attribute(event, "attempt") === String(question.attempt) &&
    attribute(event, "project") === attribute(question.asked.event, "project") &&
    (named === question.handler || (own && named === undefined));
  return fits ? undefined : "it names another task, capability, handler or attempt than the question";
}

function keep(reading: Reading, said: Said): void {
  reading.kept.set(said.place, said);
  reading.byKey.set(said.key, said);
  const { event } = said;
  if (isTriggered(event)) reading.questions.set(event.id, questionOf(said));
  if (answerIn(event) !== "finished") return;
  reading.questions.get(attribute(event, "triggeredid") ?? "")?.finished.push(said);
}

/** An id ends in `<handler>/<attempt>/triggered`, also where nobody is addressed. */
function questionOf(asked: Said): Question {
  const { event } = asked;
  const [handler = "", attempt = ""] = event.id.split("/").slice(-3);
  return {
    asked,
    task: attribute(event, "subject") ?? "",
    handler: attribute(event, "handler") ?? handler,
    attempt: Number(attribute(event, "attempt") ?? attempt),
    finished: [],
  };
}
