import { startedData, triggeredData } from "@jackfield/spec/event/task";
import { parseType } from "@jackfield/spec/event/type";
import { cachePartsOf } from "./cache-key.ts";
import { openAttempt } from "./open-attempt.ts";
import { moved } from "./progress.ts";
import type { Change, Entry, State } from "./state.ts";
import type { OpenTask } from "./tasks.ts";

/** A task was given to a handler: from here on its answer counts. */
export function foldTriggered(state: State, { event }: Entry): Change[] {
  const task = event.subject === undefined ? undefined : state.tasks.get(event.subject);
  const said = triggeredData.safeParse(event.data);
  if (task?.status !== "ready" || !said.success || event.attempt !== task.attempt) return [];
  const run = state.runs.get(task.run);
  const type = parseType(event.type);
  if (run?.status !== "running" || type === undefined) return [];
  const { limits, cachekey, cached = false, inputs, handlerversion, environment } = said.data;
  const handler = event.handler ?? handlerIn(event.id);
  const who = { handler, version: handlerversion, environment, contract: type.version };
  const { id, step, capability, attempt, spent } = task;
  const row: OpenTask = {
    id,
    run: task.run,
    step,
    capability,
    status: "triggered",
    attempt,
    spent,
    handler,
    triggeredid: event.id,
    contract: type.version,
    limits,
    cached,
    ...(cachekey !== undefined && { cachekey, parts: cachePartsOf(who, inputs) }),
  };
  return [
    { table: "tasks", key: row.id, row },
    { table: "runs", key: run.id, row: { ...run, progress: moved(run.progress, task, row) } },
  ];
}

/** Nobody is addressed when nobody can answer; the id still says who should have (`<task>/<handler>/<attempt>/triggered`). */
const handlerIn = (id: string): string => id.split("/").at(-3) ?? "";

/** The handler has it. */
export function foldTaskStarted(state: State, { event }: Entry): Change[] {
  const open = openAttempt(state, event);
  if (open?.task.status !== "triggered") return [];
  const instance = startedData.safeParse(event.data).data?.instance;
  const row: OpenTask = { ...open.task, status: "started", ...(instance !== undefined && { instance }) };
  return [{ table: "tasks", key: row.id, row }];
}
