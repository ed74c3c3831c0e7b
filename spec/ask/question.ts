import { z } from "zod";

/**
 * A question to the service that owns a thing, asked over `ctl.<service>.<name>` and answered to a private inbox.
 * Commands are questions whose answer carries the position of the fact they led to; only that fact counts.
 */
export interface Question<Input extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> {
  service: string;
  name: string;
  input: Input;
  answer: Answer;
}

export const question = <Input extends z.ZodType, Answer extends z.ZodType>(
  service: string,
  name: string,
  parts: { input: Input; answer: Answer },
): Question<Input, Answer> => ({ service, name, ...parts });

/** Who asked and why; kept in the fact. */
export const decision = { by: z.string().max(200).optional(), reason: z.string().max(1_000).optional() };

/** Of a question about state: as it was at this instant, folded again from the log. */
export const asOf = z.iso.datetime({ offset: true }).optional();
