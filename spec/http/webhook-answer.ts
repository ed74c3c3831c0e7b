import { z } from "zod";
import { result, status } from "../event/outcome.ts";
import { finishedData } from "../event/task.ts";
import { parseType } from "../event/type.ts";
import type { finish } from "./handlers.ts";

/** What a webhook answered: a status, the headers in lower case, and the body. */
export interface WebhookResponse {
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
}

export type Finished = Omit<z.output<typeof finish.body>, "token">;

/** What an answer means. */
export type WebhookVerdict =
  | { kind: "finished"; finished: Finished }
  /** `finished` will be posted to the task door. */
  | { kind: "accepted" }
  | { kind: "again"; why: string; afterSeconds?: number }
  | { kind: "refused"; why: string }
  /** Nothing is to be sent there any more. */
  | { kind: "gone" };

const passing: ReadonlySet<number> = new Set([404, 408, 409, 425, 429]);

/** An answer to the `triggered` with this id. @see Knative eventing, delivery: which statuses are tried again */
export function readWebhookAnswer(
  answer: WebhookResponse,
  triggeredid: string,
  nowMs: number,
): WebhookVerdict {
  const { status: code } = answer;
  const why = `it answered ${code}${answer.body === "" ? "" : `: ${answer.body.slice(0, 300)}`}`;
  if (code === 202) return { kind: "accepted" };
  if (code >= 200 && code < 300) return finishedIn(answer, triggeredid);
  if (code >= 300 && code < 400)
    return { kind: "refused", why: `${why}; an answer that leads elsewhere is not followed` };
  if (code === 410) return { kind: "gone" };
  if (code >= 500 || passing.has(code)) {
    const afterSeconds = retryAfter(answer.headers["retry-after"], nowMs);
    return { kind: "again", why, ...(afterSeconds !== undefined && { afterSeconds }) };
  }
  return { kind: "refused", why };
}

const longestRetrySeconds = 86_400;

/** `Retry-After` in seconds: a number or an HTTP date. */
export function retryAfter(said: string | undefined, nowMs: number): number | undefined {
  if (said === undefined || said.trim() === "") return undefined;
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - nowMs) / 1_000;
  return Number.isFinite(seconds) ? Math.min(longestRetrySeconds, Math.max(0, seconds)) : undefined;
}

/** A `finished` as people may write it: only what they have to say. */
const answerEvent = z.object({
  type: z.string(),
  triggeredid: z.string(),
  status,
  result: result.optional(),
  data: finishedData.default({}),
});

function finishedIn({ headers, body }: WebhookResponse, triggeredid: string): WebhookVerdict {
  const contentType = headers["content-type"] ?? "";
  const content = json(body);
  if (headers["ce-type"] !== undefined) {
    return readEvent({ ...attributesIn(headers), data: content }, triggeredid);
  }
  if (/^application\/cloudevents\+json\b/i.test(contentType)) return readEvent(content, triggeredid);
  const outputs = z.record(z.string(), z.unknown()).safeParse(body === "" ? {} : content);
  if (!outputs.success) return { kind: "refused", why: "its answer is no JSON object" };
  return { kind: "finished", finished: { status: "succeeded", result: "pass", outputs: outputs.data } };
}

const attributesIn = (headers: WebhookResponse["headers"]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith("ce-") && value !== undefined ? [[name.slice(3), decoded(value)]] : [],
    ),
  );

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function readEvent(content: unknown, triggeredid: string): WebhookVerdict {
  const event = answerEvent.safeParse(content);
  if (!event.success)
    return { kind: "refused", why: `its answer is no finished: ${z.prettifyError(event.error)}` };
  const { type, triggeredid: answered, data, ...said } = event.data;
  if (parseType(type)?.predicate !== "finished")
    return { kind: "refused", why: `its answer is a ${type}, not a finished` };
  if (answered !== triggeredid)
    return { kind: "refused", why: `its answer is for ${answered}, not for ${triggeredid}` };
  return { kind: "finished", finished: { ...data, ...said } };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
