import type { z } from "zod";
import { limitReached } from "@jackfield/lifecycle/choose-next";
import { limitsIn } from "@jackfield/lifecycle/config-applied";
import type { CacheEntry } from "@jackfield/lifecycle/state";
import { listeners } from "@jackfield/lifecycle/run-requested";
import type { Run } from "@jackfield/lifecycle/runs";
import type { DoneTask, Task } from "@jackfield/lifecycle/tasks";
import { whyEvent, whyRun, whyTask, type Present, type Why } from "@jackfield/lifecycle/why";
import { Problem } from "@jackfield/problem/problem";
import { taskId } from "@jackfield/spec/event/ids";
import type { listens, why } from "@jackfield/spec/ask/conductor";
import type { Waiting } from "./at-work.ts";
import type { Conductor } from "./conductor.ts";
import { findRun, parseRef } from "./find-run.ts";
import { checkOfEvent, newestKept, tasksByKey } from "./load.ts";

/** Why is a run, a task or an event as it is? */
export const answerWhy =
  (conductor: Conductor) =>
  async ({ ref, project }: z.output<typeof why.input>): Promise<Why> => {
    const check = await checkOfEvent(conductor.parts.database.pool, ref);
    if (check !== undefined && check.fired.length === 0) return whyEvent(check);
    const asked = parseRef(ref, project);
    const run = await findRun(conductor, asked);
    if (run !== undefined) return explain(conductor, run, asked.step);
    if (check !== undefined) return whyEvent(check);
    throw new Problem("E_NOT_FOUND", `There is no run, task or event ${ref}.`, { next: "jackfield ls runs" });
  };

async function explain(conductor: Conductor, run: Run, step: string): Promise<Why> {
  const steps = run.status === "refused" ? [] : run.pinned.workflow.steps.map(({ name }) => name);
  const ids = [...steps, ...(step === "" ? [] : [step])].map((name) => taskId(run.id, name));
  const tasks = inOrder(run, await tasksByKey(conductor.parts.database.pool, [...new Set(ids)]));
  const asked = step === "" ? undefined : tasks.find(({ id }) => id === taskId(run.id, step));
  if (step !== "" && asked === undefined) {
    throw new Problem("E_NOT_FOUND", `${run.name} has no task ${step}.`, {
      why: `it has ${tasks.map((task) => task.step).join(", ")}`,
    });
  }
  const present = await presentOf(conductor, run, asked === undefined ? tasks : [asked]);
  return asked === undefined ? whyRun(run, tasks, present) : whyTask(asked, run, present);
}

/** As the workflow has them. */
function inOrder(run: Run, tasks: Task[]): Task[] {
  const steps = run.status === "refused" ? [] : run.pinned.workflow.steps.map(({ name }) => name);
  return [...tasks].sort((a, b) => steps.indexOf(a.step) - steps.indexOf(b.step));
}

async function presentOf(conductor: Conductor, run: Run, tasks: readonly Task[]): Promise<Present> {
  const { atWork } = conductor;
  const nowMs = performance.now();
  const kept = new Map<string, CacheEntry>();
  for (const task of tasks) {
    const before =
      task.status === "done" && !task.cached ? await keptBefore(conductor, run, task) : undefined;
    if (before !== undefined) kept.set(task.id, before);
  }
  return {
    waitsFor: ({ id }) => limitOver(conductor, atWork.ready.get(id)) ?? atWork.ready.get(id)?.why,
    workingSeconds: ({ id }) => {
      const heard = atWork.heard.get(id);
      return heard === undefined ? undefined : (nowMs - heard.triggeredMs) / 1_000;
    },
    keptBefore: ({ id }) => kept.get(id),
  };
}

/** The limit of its project that holds a task back, in words. */
function limitOver({ state, atWork }: Conductor, waiting: Waiting | undefined): string | undefined {
  if (waiting?.prepared === undefined) return undefined;
  const { run, task, who } = waiting.prepared;
  const { capability } = task;
  const place = { run: run.id, project: run.scope.project, capability, handler: who.handler };
  return limitReached(place, atWork.load, limitsIn(state));
}

/** The newest answer that another run kept for the same step of this subproject, before this one. */
async function keptBefore(conductor: Conductor, run: Run, task: DoneTask): Promise<CacheEntry | undefined> {
  const entries = await newestKept(conductor.parts.database.pool, run.scope.project, task.capability);
  return entries.find(
    ({ subproject, run: producer, position }) =>
      subproject === run.scope.subproject &&
      producer !== run.id &&
      (position.epoch < task.position.epoch ||
        (position.epoch === task.position.epoch && position.sequence < task.position.sequence)),
  );
}

/** What would this event start, and which triggers say no? */
export const answerListens =
  (conductor: Conductor) =>
  async ({ events }: z.output<typeof listens.input>): Promise<z.input<typeof listens.answer>> => ({
    reactions: await conductor.ask((state) =>
      events.map((event) => {
        const { fired, refused } = listeners(state, event, conductor.catalogue);
        return { listeners: fired, refused };
      }),
    ),
  });
