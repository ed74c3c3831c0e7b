import type { Outcome } from "@jackfield/spec/event/outcome";
import { goesOn } from "@jackfield/spec/event/outcome";
import { differences } from "./cache-key.ts";
import type { Run, RunningRun, Steered } from "./runs.ts";
import type { CacheEntry, Check } from "./state.ts";
import { doneItems } from "./foreach.ts";
import { isOpen, type DoneTask, type ForeachTask, type Task } from "./tasks.ts";
import { partsOfTask } from "@jackfield/spec/event/ids";

/** An explanation as people read it. */
export interface Why {
  what: string;
  state: string;
  because: string[];
  next?: string;
  cache: string[];
}

/** What only the running conductor knows: why a task is not given to anybody yet, and since when others work. */
export interface Present {
  waitsFor(task: Task): string | undefined;
  workingSeconds(task: Task): number | undefined;
  /** The newest answer that was kept for the same work in this subproject, by another task. */
  keptBefore(task: DoneTask): CacheEntry | undefined;
}

const verdicts: Record<Outcome, string> = {
  pass: "passed",
  warning: "passed with a warning",
  fail: "failed: the verdict is no",
  errored: "could not run",
  timedout: "ran out of time",
  aborted: "was aborted",
};

/** Why is a run as it is? */
export function whyRun(run: Run, tasks: readonly Task[], present: Present): Why {
  if (run.status === "refused") {
    const { code, what, why, next } = run.problem;
    const because = [`${code}: ${what}`, ...(why === undefined ? [] : [why])];
    return {
      what: "This request became no run.",
      state: "refused",
      because,
      cache: [],
      ...(next !== undefined && { next }),
    };
  }
  if (run.status === "requested") {
    return { what: `${run.name} is about to start.`, state: "requested", because: [], cache: [] };
  }
  const lines = tasks.map((task) => whatOf(task, present)).filter((line) => line !== undefined);
  const cache = tasks.flatMap((task) => (task.status === "done" ? [cacheOf(task, run, present)] : []));
  if (run.status === "finished") {
    const ended = tasks.filter((task) => task.status === "done" && !goesOn(task.outcome));
    const because = ended.length === 0 ? ["every step passed"] : lines;
    const next = wayOut(run.name, ended);
    return { what: `${run.name} ${verdicts[run.outcome]}.`, state: run.outcome, because, cache, next };
  }
  return { ...atWork(run), because: [...steered(run), ...lines], cache };
}

/** A verdict is looked at; what could not run is mended first, as its problem says, and then asked for again. */
function wayOut(name: string, ended: readonly Task[]): string {
  const broken = ended.filter((task) => task.status === "done" && task.outcome !== "fail");
  if (broken.length === 0) return `jackfield show ${name}`;
  const [mend] = broken.flatMap((task) => (task.status === "done" ? (task.problem?.next ?? []) : []));
  return mend === undefined ? `jackfield retry ${name}` : `${mend}; then jackfield retry ${name}`;
}

function atWork(run: RunningRun): Pick<Why, "what" | "state" | "next"> {
  if (run.aborted !== undefined) {
    return { what: `${run.name} is being aborted.`, state: "aborted" };
  }
  if (run.paused !== undefined) {
    return { what: `${run.name} is paused.`, state: "paused", next: `jackfield resume ${run.name}` };
  }
  return { what: `${run.name} is running.`, state: "running" };
}

function steered({ paused, aborted, name }: RunningRun): string[] {
  const say = (verb: string, { by, reason }: Steered): string =>
    `${name} was ${verb}${by === undefined ? "" : ` by ${by}`}${reason === undefined ? "" : `: ${reason}`}`;
  return [
    ...(paused === undefined ? [] : [say("paused", paused)]),
    ...(aborted === undefined ? [] : [say("aborted", aborted)]),
  ];
}

/** One line on what a task does or why it ended; nothing for what passed. */
function whatOf(task: Task, present: Present): string | undefined {
  if (isOpen(task)) {
    const seconds = present.workingSeconds(task);
    const since = seconds === undefined ? "" : ` for ${Math.round(seconds)} s`;
    return task.status === "started"
      ? `${nameOf(task)}: ${task.handler} works on it${since}${ofAttempts(task.attempt)}`
      : `${nameOf(task)}: given to ${task.handler}${since}, which has not started yet`;
  }
  switch (task.status) {
    case "waiting":
      return undefined;
    case "ready":
      return `${nameOf(task)}: ${present.waitsFor(task) ?? "is about to be given to its handler"}`;
    case "skipped":
      return undefined;
    case "asked":
      return `${nameOf(task)}: ${task.handlers.join(", ")} are asked, and not enough of them have answered`;
    case "expanded":
      return `${nameOf(task)}: ${atItems(task)}`;
    case "done":
      return goesOn(task.outcome) ? undefined : endOf(task);
  }
}

/** `17 of 20 items are done, 2 are begun; …`. */
function atItems({ items, begun, outcomes, failed }: ForeachTask): string {
  const done = doneItems({ outcomes });
  const first = failed === undefined ? "" : `; the first that did not pass is item ${failed}`;
  return `${done} of ${items} items are done, ${begun.length} are begun${first}`;
}

/** `train`, or `train/@17` for an item. */
const nameOf = ({ id }: Task): string => partsOfTask(id).step;

const ofAttempts = (attempt: number): string => (attempt > 1 ? ` (attempt ${attempt})` : "");

function endOf(task: DoneTask): string {
  const { outcome, problem, message, outputs, handler, attempt } = task;
  const step = nameOf(task);
  const said = message === "" ? undefined : message;
  if (outcome === "fail") {
    const refused = refusedConditions(outputs[handler]);
    return `${step}: ${refused.length > 0 ? refused.join("; ") : (said ?? "the verdict is no")}`;
  }
  const reason = problem === undefined ? (said ?? verdicts[outcome]) : `${problem.code} ${problem.what}`;
  const detail = problem?.why === undefined ? "" : `\n${problem.why}`;
  return `${step}: ${reason}${ofAttempts(attempt)}${detail}`;
}

/** `accuracy 0.773 is not >= 0.80`, for each condition of a gate that was not met. */
function refusedConditions(outputs: Record<string, unknown> | undefined): string[] {
  const gate = outputs?.["gate"];
  if (!Array.isArray(gate)) return [];
  return gate.flatMap((check: unknown) => {
    if (typeof check !== "object" || check === null) return [];
    const { metric, condition, value, pass } = {
      metric: "",
      condition: "",
      value: NaN,
      pass: true,
      ...check,
    };
    return pass ? [] : [`${metric} ${Math.round(value * 10_000) / 10_000} is not ${condition}`];
  });
}

function cacheOf(
  task: DoneTask,
  { pinned }: { pinned: { cache: boolean; refresh: boolean } },
  present: Present,
): string {
  if (task.cached) return `${task.step}: answered from the cache`;
  if (task.cachekey === undefined) return `${task.step}: never cached`;
  if (!pinned.cache) return `${task.step}: this run did not ask the cache`;
  if (pinned.refresh && task.capability === "fetch") return `${task.step}: read again, as asked`;
  const before = present.keptBefore(task);
  if (before === undefined) return `${task.step}: done for the first time`;
  const changed = differences(before.parts, task.parts ?? {});
  const words = changed.map((change) => `${change.part} (${change.before} → ${change.now})`);
  if (words.length === 0) return `${task.step}: the kept answer of ${before.runname} was not usable any more`;
  return `${task.step}: not as in ${before.runname}: ${words.join(", ")}`;
}

/** Why is a task as it is? */
export function whyTask(task: Task, run: Run, present: Present): Why {
  const line = whatOf(task, present);
  const cache = task.status === "done" && run.status !== "refused" ? [cacheOf(task, run, present)] : [];
  const state =
    task.status === "done"
      ? task.outcome
      : task.status === "expanded" || task.status === "asked"
        ? "running"
        : task.status;
  const because =
    task.status === "skipped" ? [task.why ?? skippedBy(task.because, run)] : line === undefined ? [] : [line];
  const what =
    task.status === "done"
      ? `${nameOf(task)} of ${run.name} ${verdicts[task.outcome]}.`
      : `${nameOf(task)} of ${run.name} is ${state}.`;
  if (task.status === "waiting") because.push(`it waits for ${task.missing} of the steps it needs`);
  return { what, state, because, cache };
}

const skippedBy = (because: string, run: Run): string =>
  because === run.id ? "the run ended before it began" : `${because} ended its branch`;

/** Why did an event start something, or nothing? */
export function whyEvent({ event, type, fired, refused }: Check): Why {
  const because = [
    ...fired.map(
      ({ workflow, subproject, run }) =>
        `it started ${workflow}${subproject === undefined ? "" : ` of ${subproject}`} (${run})`,
    ),
    ...refused.map(({ trigger, clause }) => `${trigger} says no: ${clause}`),
  ];
  const reacted = fired.length > 0;
  return {
    what: reacted ? `${event} (${type}) started something.` : `Nothing reacted to ${event} (${type}).`,
    state: reacted ? "reacted" : "nothing reacted",
    because,
    cache: [],
    ...(!reacted && { next: "add what should react to `on:` in the project file, then jackfield apply" }),
  };
}
