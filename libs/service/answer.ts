import type { z } from "zod";
import { answer, ask } from "@jackfield/events/ask";
import type { Events } from "@jackfield/events/connection";
import { Problem } from "@jackfield/problem/problem";
import type { Question } from "@jackfield/spec/ask/question";

/** A question and how a service answers it. */
export interface Answer {
  question: Question;
  /** What stands in the places of a question that has some: `<project>.<handler>`. */
  name?: string;
  reply(input: unknown, subject: string): Promise<unknown>;
}

/**
 * Answers a question; the input is parsed before, the answer checked after. `undefined` is silence: another instance
 * may have the answer.
 */
export const answerTo = <Input extends z.ZodType, Output extends z.ZodType>(
  question: Question<Input, Output>,
  reply: (input: z.output<Input>, about: { subject: string }) => Promise<z.input<Output> | undefined>,
  { name }: { name?: string } = {},
): Answer => ({
  question,
  ...(name !== undefined && { name }),
  reply: async (input, subject) => {
    const asked = question.input.safeParse(input);
    if (!asked.success)
      throw new Problem("E_INVALID", `The question ${question.service}.${question.name} is not understood`, {
        why: asked.error.issues
          .map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`)
          .join("\n"),
      });
    const answered = await reply(asked.data, { subject });
    return answered === undefined ? undefined : question.answer.parse(answered);
  },
});

/** `<service>.<name>` below the control root; what is in angle brackets is a place for any. */
const placeOf = (question: Question, name?: string): string =>
  `${question.service}.${name ?? question.name.replaceAll(/<\w+>/g, "*")}`;

/** Starts answering; disposing of it stops that. */
export async function listenFor(events: Events, answers: Answer[]): Promise<AsyncDisposable> {
  const open = await Promise.all(
    answers.map(({ question, name, reply }) =>
      answer(events, placeOf(question, name), (input, subject) => reply(input, subject)),
    ),
  );
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(open.map((listening) => listening.close()));
    },
  };
}

/**
 * Asks the service that owns a thing.
 * @throws the Problem it refuses with, or E_UNREACHABLE when nobody answers in time.
 */
export async function askService<Input extends z.ZodType, Output extends z.ZodType>(
  events: Events,
  question: Question<Input, Output>,
  input: z.input<Input>,
  { timeoutMs = 5_000, name }: { timeoutMs?: number; name?: string } = {},
): Promise<z.output<Output>> {
  return question.answer.parse(await ask(events, placeOf(question, name), input, { timeoutMs }));
}
