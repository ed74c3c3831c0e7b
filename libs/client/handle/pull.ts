import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { asProblem } from "@jackfield/problem/problem";
import { getHandlers, pulledTask, registerHandler } from "@jackfield/spec/http/handlers";
import type { z } from "zod";
import { segment, type Server } from "../server.ts";
import type { Output } from "../output.ts";
import { seconds } from "../words.ts";
import { doTask, type Bench, type Pulled } from "./work.ts";

export type Registration = Omit<z.input<typeof registerHandler.body>, "leaving">;

export interface Pulling {
  name: string;
  registration: Registration;
  bench: Omit<Bench, "work">;
  out: Output;
  /** Called once the server knows the handler. */
  onRegistered: () => void;
}

const waitSeconds = 30;
const longestPauseMs = 5_000;

/** Registers, takes tasks as workers get free, and on the way out hands back what is at work. */
export async function pullTasks({ name, registration, bench, out, onRegistered }: Pulling): Promise<void> {
  const { server, leaving } = bench;
  const work = await mkdtemp(join(tmpdir(), "jackfield-handle-"));
  const say = (concurrency: number, away = false) =>
    server.post(registerHandler.answer, `/v1/handlers/${segment(name)}`, {
      body: { ...registration, concurrency, ...(away && { leaving: true }) },
    });
  try {
    const { everySeconds } = await say(registration.concurrency);
    await whenKnown(server, name, registration);
    onRegistered();
    const staying = keepSaying(() => say(registration.concurrency), everySeconds, leaving);
    const workers = Array.from({ length: registration.concurrency }, () =>
      oneWorker({ name, registration, bench: { ...bench, work }, out }),
    );
    await Promise.all([staying, ...workers]);
    await say(0, true).catch(() => undefined);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const knownWithinMs = 5_000;

/** A handler can be bound when the conductor has read back that it is there. */
async function whenKnown(server: Server, name: string, { project, version }: Registration): Promise<void> {
  const deadline = performance.now() + knownWithinMs;
  while (performance.now() < deadline) {
    const { handlers } = await server.get(getHandlers.answer, "/v1/handlers", {
      project: project ?? undefined,
    });
    if (handlers.some((known) => known.handler === name && known.version === version && known.alive)) return;
    await delay(50);
  }
}

async function keepSaying(
  say: () => Promise<unknown>,
  everySeconds: number,
  signal: AbortSignal,
): Promise<void> {
  while (!isOver(signal)) {
    await delay(everySeconds * 1_000, undefined, { signal }).catch(() => undefined);
    // A server that is away for a while hears it the next time.
    if (!isOver(signal)) await say().catch(() => undefined);
  }
}

interface Worker {
  name: string;
  registration: Registration;
  bench: Bench;
  out: Output;
}

async function oneWorker({ name, registration, bench, out }: Worker): Promise<void> {
  const { server, leaving } = bench;
  for (let failures = 0; !isOver(leaving);) {
    try {
      const pulled = await nextTask(server, name, { instance: registration.instance, signal: leaving });
      failures = 0;
      if (pulled !== undefined) await tell(bench, pulled, out);
    } catch (thrown) {
      if (isOver(leaving)) return;
      const problem = asProblem(thrown);
      failures += 1;
      if (!problem.retriable || failures === 1) out.say(`  ${problem.code}  ${problem.message}`);
      await delay(Math.min(200 * 2 ** failures, longestPauseMs), undefined, { signal: leaving }).catch(
        () => undefined,
      );
    }
  }
}

/** The signal changes while others work, which the compiler cannot see. */
const isOver = (signal: AbortSignal): boolean => signal.aborted;

async function nextTask(
  server: Server,
  name: string,
  { instance, signal }: { instance: string; signal: AbortSignal },
): Promise<Pulled | undefined> {
  const query = { instance, wait: `${waitSeconds}s` };
  const response = await server.ask(`/v1/handlers/${segment(name)}/next`, { query, signal });
  return response.status === 204 ? undefined : pulledTask.parse(await response.json());
}

async function tell(bench: Bench, pulled: Pulled, out: Output): Promise<void> {
  const began = performance.now();
  const { event } = pulled;
  const task = `${event.runname ?? event.run ?? "?"}/${pulled.task.split("/").slice(1).join("/")}`;
  out.say(`  ${task}   attempt ${event.attempt ?? 1}`);
  const answer = await doTask(bench, pulled);
  const word = answer.status === "succeeded" ? (answer.result ?? "pass") : answer.status;
  const took = seconds((performance.now() - began) / 1000);
  const why =
    answer.problem === undefined
      ? ""
      : `   ${answer.problem.code}  ${answer.problem.what.split("\n")[0] ?? ""}`;
  out.say(`  ${task}   ${word}   in ${took}${why}`);
}
