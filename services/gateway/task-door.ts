import type { FastifyInstance } from "fastify";
import { Problem } from "@jackfield/problem/problem";
import { askService } from "@jackfield/service/answer";
import { finishedEvent, progressedEvent, type Assignment } from "@jackfield/service/answer-events";
import { lease, placeOfHandler } from "@jackfield/spec/ask/conductor";
import { parseType } from "@jackfield/spec/event/type";
import { finish, heartbeat, progress } from "@jackfield/spec/http/handlers";
import type { GatewayParts } from "./door-parts.ts";
import { traceOf } from "./pull-door.ts";
import { serve } from "./serve-route.ts";
import { settleTables } from "./text-tables.ts";

const publishWithinMs = 5_000;
const leaseWithinMs = 3_000;
/** When nobody answers, work that has begun goes on; the runner asks again within this time. */
const goOnSeconds = 15;

/** What a runner says of the task that it holds; its token names the task, so the gateway keeps nothing. */
export function serveTasks(app: FastifyInstance, parts: GatewayParts): void {
  const { events, publisher, tokens, contracts, artifacts } = parts;
  const opened = (token: string, task: string): Assignment => tokens.open(token, new Date(), task).assignment;
  const count = counter();

  serve(app, heartbeat, async ({ params, body }) => {
    const assignment = opened(body.token, params.task);
    const { task, triggered, attempt, instance, handler } = assignment;
    const { project = "" } = triggered;
    const asked = { task, triggeredid: triggered.id, attempt, instance, project };
    const to = { name: placeOfHandler(project, handler), timeoutMs: leaseWithinMs };
    const answer = await askService(events, lease, asked, to).catch(() => undefined);
    if (answer?.go === false) throw stop(answer.reason);
    return { go: true as const, untilSeconds: answer?.untilSeconds ?? goOnSeconds };
  });

  serve(app, progress, async ({ params, body: { token, ...data } }) => {
    const assignment = opened(token, params.task);
    const said = { time: new Date().toISOString(), trace: traceOf(assignment.triggered), data };
    await publisher.publish(progressedEvent(assignment, count(), said), { deadlineMs: publishWithinMs });
    return {};
  });

  serve(app, finish, async ({ params, body: { token, status, result, ...data } }) => {
    const assignment = opened(token, params.task);
    const capability = parseType(assignment.triggered.type)?.subject ?? "";
    const answered = async (): Promise<Record<string, unknown>> => {
      const tables = await contracts.tablesOf(capability);
      return contracts.checkedOutputs(capability, await settleTables(artifacts, tables, data.outputs));
    };
    const ended =
      status === "succeeded"
        ? { status, result: result ?? "pass", data: { ...data, outputs: await answered() } }
        : { status, data };
    const event = finishedEvent(assignment, ended, {
      time: new Date().toISOString(),
      trace: traceOf(assignment.triggered),
    });
    await publisher.publish(event, { deadlineMs: publishWithinMs });
    return { id: event.id };
  });
}

const reasons = {
  abort: "Somebody aborted this run.",
  prune: "Its answer is not needed any more.",
  stale: "Another attempt took this task over, or it is over already.",
} as const;

const stop = (reason: keyof typeof reasons): Problem =>
  new Problem("E_LEASE_LOST", reasons[reason], {
    why: reason,
    next: "stop the work; its answer would not count",
  });

/** Numbers for `progressed` that no other moment has, also after the gateway started anew: it keeps no count. */
function counter(): () => number {
  let last = 0;
  return () => (last = Math.max(last + 1, Date.now()));
}
