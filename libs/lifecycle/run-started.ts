import { runRefused, runStarted } from "@jackfield/spec/facts/run";
import { defaultOrganization } from "@jackfield/spec/event/names";
import { taskId } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { foreachCapability, type Step } from "@jackfield/spec/project/workflow";
import { countName } from "./name-runs.ts";
import { moved, noProgress } from "./progress.ts";
import type { RunHead, RunningRun } from "./runs.ts";
import type { Change, Entry, State } from "./state.ts";
import type { ReadyTask, Task } from "./tasks.ts";

/** A run began: what the fact says is pinned, and each step is a task that waits or is ready. */
export function foldStarted(state: State, { event, position }: Entry): Change[] {
  const said = runStarted.data.safeParse(event.data);
  const id = event.run;
  if (!said.success || id === undefined || event.project === undefined) return [];
  const known = state.runs.get(id);
  if (known?.status === "running" || known?.status === "finished") return [];
  const pinned = said.data;
  const tasks = pinned.workflow.steps.map((step) => taskOf(id, step, { cause: event.id, since: position }));
  const run: RunningRun = {
    ...headFrom(event, id, event.project),
    name: pinned.runname,
    status: "running",
    pinned,
    progress: tasks.reduce((progress, task) => moved(progress, undefined, task), noProgress),
    steers: 0,
  };
  return [
    { table: "runs", key: id, row: run },
    ...tasks.map((row): Change => ({ table: "tasks", key: row.id, row })),
    countName(state, event.project, pinned),
    { table: "seeds", key: pinned.runconfiguration, row: { seed: pinned.seed } },
  ];
}

/** A request was refused, also when this release would have taken it. */
export function foldRefused(state: State, { event }: Entry): Change[] {
  const said = runRefused.data.safeParse(event.data);
  const id = event.run;
  if (!said.success || id === undefined || event.project === undefined) return [];
  const known = state.runs.get(id);
  if (known?.status === "running" || known?.status === "finished") return [];
  const row = {
    ...headFrom(event, id, event.project),
    status: "refused" as const,
    problem: said.data.problem,
  };
  return [{ table: "runs", key: id, row }];
}

function taskOf(
  run: string,
  { name: step, capability: own, foreach, needs }: Step,
  began: Pick<ReadyTask, "cause" | "since">,
): Task {
  const capability = foreach === undefined ? own : foreachCapability;
  const head = { id: taskId(run, step), run, step, capability };
  return needs.length === 0
    ? { ...head, status: "ready", attempt: 1, spent: 0, ...began, restMs: 0 }
    : { ...head, status: "waiting", missing: new Set(needs).size };
}

const headFrom = (event: CloudEvent, id: string, project: string): RunHead => ({
  id,
  name: event.runname ?? id,
  scope: {
    organization: event.organization ?? defaultOrganization,
    project,
    ...(event.subproject !== undefined && { subproject: event.subproject }),
    ...(event.stage !== undefined && { stage: event.stage }),
  },
  correlationid: event.correlationid ?? event.id,
  cause: { id: event.causationid ?? event.id, source: event.causationsource ?? event.source },
  ...(event.traceparent !== undefined && { traceparent: event.traceparent }),
});
