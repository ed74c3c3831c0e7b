import { Problem } from "@jackfield/problem/problem";
import { table } from "@jackfield/spec/event/artifact";
import { maxEventBytes } from "@jackfield/spec/event/envelope";
import { finish, heartbeat, progress } from "@jackfield/spec/http/handlers";
import { z } from "zod";
import { readParquet, type Row } from "../parquet.ts";
import { at } from "../pick.ts";
import type { Attempt, Said, Word } from "./attempt.ts";
import type { World } from "./world.ts";

/** Something that a handler said of a task, whichever door it came by. */
export interface Spoken {
  what: string;
  task: string;
  body: unknown;
  bytes: number;
}

const words: Readonly<Record<string, { word: Word; schema: z.ZodType }>> = {
  heartbeat: { word: "heartbeat", schema: heartbeat.body },
  progress: { word: "progressed", schema: progress.body },
  finished: { word: "finished", schema: finish.body },
};

const tokenIn = z.object({ token: z.string() });

/** Writes down what was said of a task, and answers as the task door does; a Problem is the refusal. */
export async function hear(
  world: World,
  { what, task, body, bytes }: Spoken,
): Promise<Record<string, unknown> | Problem | "silent"> {
  const attempt = world.attempts.get(tokenIn.safeParse(body).data?.token ?? "");
  if (attempt?.task !== task) {
    world.strays.push({ what: `${what} for ${task}, with the token of ${attempt?.task ?? "no task"}` });
    return new Problem("E_TOKEN_SCOPE", `This token is not for ${task}`);
  }
  const { word, schema } = words[what] ?? { word: "finished", schema: finish.body };
  const refused = verdictOn(attempt, { word, body, schema, bytes, output: world.contract.output });
  note(attempt, { word, body, bytes, refused });
  if (refused === undefined && word === "finished") await readAnswer(world, attempt, body);
  world.wake();
  if (refused !== undefined) return refused;
  if (word !== "heartbeat") return word === "finished" ? { id: `${attempt.event.id}/answer` } : {};
  if (attempt.mayGoOn === "silent") return "silent";
  if (attempt.mayGoOn === "go") return { go: true, untilSeconds: 20 };
  attempt.toldMs ??= performance.now();
  return new Problem("E_LEASE_LOST", "Stop: the answer would not count", { why: attempt.mayGoOn });
}

/** Adds one word to what was heard of an attempt. */
export function note(
  attempt: Attempt,
  { word, body, bytes, refused }: { word: Word; body: unknown; bytes: number; refused?: Problem | undefined },
): void {
  const said: Said = {
    word,
    atMs: performance.now(),
    bytes,
    body: typeof body === "object" && body !== null ? { ...body } : {},
  };
  if (refused !== undefined) said.refused = `${refused.code}: ${refused.why ?? refused.message}`;
  attempt.takenMs ??= said.atMs;
  attempt.said.push(said);
}

interface Judging {
  word: Word;
  body: unknown;
  schema: z.ZodType;
  bytes: number;
  output: z.ZodType;
}

function verdictOn(attempt: Attempt, { word, body, schema, bytes, output }: Judging): Problem | undefined {
  if (bytes > maxEventBytes)
    return new Problem("E_TOO_LARGE", "An event is at most 64 KiB", { why: `it has ${bytes} bytes` });
  const parsed = schema.safeParse(body);
  if (!parsed.success)
    return new Problem("E_INVALID", "This breaks its contract", { why: z.prettifyError(parsed.error) });
  if (word !== "finished") return undefined;
  const outputs =
    at(body, ["status"]) === "succeeded" ? output.safeParse(at(body, ["outputs"]) ?? {}) : undefined;
  if (outputs?.success === false)
    return new Problem("E_INVALID", "The outputs break their contract", {
      why: z.prettifyError(outputs.error),
    });
  if (attempt.refusals <= 0) return undefined;
  attempt.refusals -= 1;
  return new Problem("E_STREAM_FULL", "Nothing can be taken now; say it again in a moment", {
    why: "on purpose",
    retryAfterSeconds: 0,
  });
}

async function readAnswer(world: World, attempt: Attempt, body: unknown): Promise<void> {
  if (attempt.predictions !== undefined) return;
  const predicted = table.safeParse(at(body, ["outputs", "predictions"])).data;
  const bytes = world.artifacts.get(predicted?.digest ?? "");
  if (bytes === undefined) return;
  const rows = await readParquet(bytes).catch((): Row[] => []);
  attempt.predictions = rows;
}
