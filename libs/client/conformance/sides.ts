import { Problem, reportOf } from "@jackfield/problem/problem";
import { readWebhookAnswer, type Finished } from "@jackfield/spec/http/webhook-answer";
import { signedHeaders, webhookSecret } from "@jackfield/spec/http/webhook-signature";
import { triggeredData } from "@jackfield/spec/event/task";
import { segment } from "../server.ts";
import type { Attempt } from "./attempt.ts";
import { hear } from "./hear.ts";
import type { Forgery, Side } from "./stage.ts";
import type { World } from "./world.ts";

/** The pull door: a task waits until the handler asks for the next. */
export const pullSide = (world: World): Side => ({
  give: async (attempt) => {
    world.queue.push(attempt);
    world.wake();
  },
  [Symbol.asyncDispose]: async () => undefined,
});

export interface WebhookTarget {
  url: string;
  secret: string;
}

/** The webhook door: a task is posted, signed; the answer, or what is posted later, is the finish. */
export function webhookSide(world: World, target: WebhookTarget): Side {
  const closing = new AbortController();
  const onTheWay = new Set<Promise<void>>();
  const send = (attempt: Attempt): void => {
    const sending = deliver(world, target, { attempt, signal: closing.signal });
    onTheWay.add(sending);
    void sending.finally(() => onTheWay.delete(sending));
  };
  return {
    give: async (attempt) => send(attempt),
    again: async (attempt) => send(attempt),
    forge: (attempt, how) => forge(world, target, { attempt, how }),
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await Promise.all(onTheWay);
    },
  };
}

function messageFor(world: World, { task, token, event }: Attempt): { id: string; body: string } {
  const taskurl = `${world.url}/v1/tasks/${segment(task)}`;
  return { id: `msg_${token}`, body: JSON.stringify({ ...event, taskurl, tasktoken: token }) };
}

const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

interface Delivery {
  attempt: Attempt;
  signal: AbortSignal;
}

async function deliver(world: World, target: WebhookTarget, { attempt, signal }: Delivery): Promise<void> {
  const message = messageFor(world, attempt);
  const { limits } = triggeredData.parse(attempt.event.data);
  const stopping = new AbortController();
  const late = AbortSignal.timeout(limits.finishSeconds * 1_000);
  const over = AbortSignal.any([signal, stopping.signal, late]);
  // The open request is the lease: closing it says stop.
  const looking = setInterval(() => {
    if (attempt.mayGoOn !== "abort" && attempt.mayGoOn !== "stale") return;
    attempt.toldMs ??= performance.now();
    stopping.abort();
  }, 50);
  attempt.takenMs ??= performance.now();
  world.wake();
  const headers = signedHeaders([target.secret], { ...message, timestamp: nowSeconds() });
  try {
    const response = await post(target.url, { headers, body: message.body, signal: over });
    const body = await response.text();
    const answer = { status: response.status, headers: Object.fromEntries(response.headers), body };
    await take(world, attempt, readWebhookAnswer(answer, attempt.event.id, Date.now()));
  } catch {
    // It went away, or took too long: then there is no answer, and the checks say so.
  } finally {
    clearInterval(looking);
  }
}

const post = (
  url: string,
  { headers, body, signal }: { headers: Record<string, string>; body: string; signal: AbortSignal },
): Promise<Response> =>
  fetch(url, {
    method: "POST",
    redirect: "manual",
    signal,
    body,
    headers: { ...headers, "content-type": "application/cloudevents+json" },
  });

async function take(
  world: World,
  attempt: Attempt,
  verdict: ReturnType<typeof readWebhookAnswer>,
): Promise<void> {
  if (verdict.kind === "accepted") return;
  const said = verdict.kind === "finished" ? verdict.finished : erred(verdict);
  const body = { ...said, token: attempt.token };
  const bytes = Buffer.byteLength(JSON.stringify(said));
  // What comes as the answer to a request is said once; who asked keeps saying it until the stream has it.
  for (let tries = 0; tries < 5; tries += 1) {
    const heard = await hear(world, { what: "finished", task: attempt.task, body, bytes });
    if (!(heard instanceof Problem) || heard.code !== "E_STREAM_FULL") return;
  }
}

function erred(
  verdict: Exclude<ReturnType<typeof readWebhookAnswer>, { kind: "finished" | "accepted" }>,
): Finished {
  const again = verdict.kind === "again";
  const why = verdict.kind === "gone" ? "it answered 410" : verdict.why;
  const problem = new Problem(again ? "E_TARGET_DOWN" : "E_TARGET_REFUSED", "The webhook did not do it", {
    why,
  });
  return { status: "errored", problem: reportOf(problem), retry: again };
}

async function forge(
  world: World,
  { url, secret }: WebhookTarget,
  { attempt, how }: { attempt: Attempt; how: Forgery },
): Promise<number> {
  const { id, body } = messageFor(world, attempt);
  const other = webhookSecret(new Uint8Array(32).fill(1));
  const timestamp = how === "old" ? nowSeconds() - 600 : nowSeconds();
  const signed = signedHeaders([how === "stranger" ? other : secret], { id, timestamp, body });
  const headers = how === "unsigned" ? {} : signed;
  const sent = how === "tampered" ? body.replace('"attempt":1', '"attempt":2') : body;
  const response = await post(url, { headers, body: sent, signal: AbortSignal.timeout(10_000) });
  await response.arrayBuffer();
  return response.status;
}
