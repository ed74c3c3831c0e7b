import { deferred, RequestError, TimeoutError, type Msg } from "@nats-io/transport-node";
import { Problem, asProblem, problemFrom, reportOf } from "@jackfield/problem/problem";
import { problemReport } from "@jackfield/spec/event/problem";
import type { Events } from "./connection.ts";
import { parseJson, printJson } from "./json-text.ts";
import { natsProblem } from "./refused.ts";

/** An answer that somebody gives for a subject; `close` stops it. */
export interface Answering extends AsyncDisposable {
  close(): Promise<void>;
}

/**
 * Answers questions on a subject below `ctl.` (`lease.*`, `tracker.runs`); the handler is given the subject without that
 * root. `undefined` is silence: of several who listen another may know. Resolves when the server passes questions on.
 * Replies go only to inboxes: a reply subject inside the events would make the stream store the answer.
 * @throws Problem E_TOKEN_SCOPE when this user may not hear such questions.
 */
export async function answer(
  events: Events,
  subject: string,
  handler: (input: unknown, subject: string) => Promise<unknown>,
): Promise<Answering> {
  const root = `${events.controlRoot}.`;
  let refused: Problem | undefined;
  const subscription = events.connection.subscribe(root + subject, {
    callback: (error, message) => {
      if (error !== null) refused = natsProblem(error, events);
      if (error !== null || !isInbox(message.reply)) return;
      const work = async (): Promise<unknown> =>
        handler(inputOf(message), message.subject.slice(root.length));
      void replyTo(message, work, largest(events));
    },
  });
  const close = async (): Promise<void> => {
    if (!events.connection.isClosed()) await subscription.drain();
  };
  await events.connection.flush();
  if (refused !== undefined) throw refused;
  return { close, [Symbol.asyncDispose]: close };
}

/** `_INBOX_…`, or what the server puts in its place for somebody in another account. */
const isInbox = (reply: string | undefined): boolean => /^_(INBOX_|R_\.)/.test(reply ?? "");

/**
 * Asks on a subject below `ctl.` and waits for the answer.
 * @throws the Problem that came back; E_UNREACHABLE when nobody answers in time, E_TOKEN_SCOPE when this user may not ask.
 */
export async function ask(
  events: Events,
  subject: string,
  input: unknown,
  { timeoutMs = 5_000 }: { timeoutMs?: number } = {},
): Promise<unknown> {
  const question = Buffer.from(input === undefined ? "" : printJson(input));
  const most = largest(events);
  if (question.byteLength > most) throw tooLarge(`The question to ${subject}`, question.byteLength, most);
  const message = await request(events, subject, question, timeoutMs);
  const answered = parseJson(message.string());
  if (typeof answered === "object" && answered !== null) {
    if ("answer" in answered) return answered.answer;
    if ("problem" in answered) throw problemFrom(problemReport.parse(answered.problem));
  }
  throw new Problem("E_BROKEN", `${subject} answered with something that is no answer.`);
}

async function request(
  events: Events,
  subject: string,
  question: Uint8Array,
  timeoutMs: number,
): Promise<Msg> {
  const deadline = performance.now() + timeoutMs;
  try {
    // The client drops what it is given while there is no connection, and an answer lost with one never comes.
    if (!events.connected) await events.whenConnected(AbortSignal.timeout(timeoutMs));
    const timeout = Math.max(1, deadline - performance.now());
    const answered = events.connection.request(`${events.controlRoot}.${subject}`, question, { timeout });
    return await whileConnected(events, answered);
  } catch (error) {
    const why = whyNoAnswer(error, subject, timeoutMs);
    if (why === undefined) throw natsProblem(error, events);
    const [service = subject] = subject.split(".");
    throw new Problem("E_UNREACHABLE", `${service} does not answer.`, {
      why,
      next: "`jackfield doctor` shows which service is down",
      cause: error,
    });
  }
}

class Interrupted extends Error {}

async function whileConnected<T>(events: Events, answered: Promise<T>): Promise<T> {
  const lost = deferred<never>();
  const unwatch = events.watch(({ type }) => {
    if (type === "disconnect") lost.reject(new Interrupted());
  });
  return Promise.race([answered, lost]).finally(unwatch);
}

/** Why nobody's answer came; undefined for other errors. */
function whyNoAnswer(error: unknown, subject: string, timeoutMs: number): string | undefined {
  if (error instanceof RequestError && error.isNoResponders()) return `nobody listens on ${subject}`;
  if (error instanceof Interrupted) return `the connection to NATS was lost after ${subject} was asked`;
  const late =
    error instanceof TimeoutError || (error instanceof DOMException && error.name === "TimeoutError");
  return late ? `no answer on ${subject} within ${timeoutMs} ms` : undefined;
}

async function replyTo(message: Msg, work: () => Promise<unknown>, mostBytes: number): Promise<void> {
  const text = await work().then(
    (result) => (result === undefined ? undefined : printJson({ answer: result })),
    (error: unknown) => printJson({ problem: reportOf(asProblem(error)) }),
  );
  if (text === undefined) return;
  const bytes = Buffer.from(text);
  if (bytes.byteLength <= mostBytes) message.respond(bytes);
  else message.respond(printJson({ problem: reportOf(tooLarge("The answer", bytes.byteLength, mostBytes)) }));
}

/** A question is plain JSON; without a body there is no input. */
const inputOf = (message: Msg): unknown =>
  message.data.byteLength === 0 ? undefined : parseJson(message.string());

/** What one message of this server may weigh. */
const largest = (events: Events): number => events.connection.info?.max_payload ?? 1024 * 1024;

const tooLarge = (what: string, bytes: number, most: number): Problem =>
  new Problem("E_TOO_LARGE", `${what} is ${bytes} bytes; NATS carries ${most}.`, {
    next: "ask for less at once (a limit, a cursor)",
  });
