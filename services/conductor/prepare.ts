import { commonContract, findHandler } from "@jackfield/lifecycle/handlers";
import type { Catalogue } from "@jackfield/lifecycle/facts";
import type { Prepared } from "@jackfield/lifecycle/give-out";
import { noHandler, printSeconds } from "@jackfield/lifecycle/no-handler";
import { foreachHandler } from "@jackfield/lifecycle/foreach";
import { itemHere, listOf, refused } from "@jackfield/lifecycle/foreach-list";
import type { Task } from "@jackfield/lifecycle/tasks";
import type { BegunRun } from "@jackfield/lifecycle/runs";
import type { State } from "@jackfield/lifecycle/state";
import {
  keyOf,
  resolveInputs,
  sourcesOf,
  stepOf,
  type Askable,
  type Item,
  type OwnLimits,
} from "@jackfield/lifecycle/trigger-task";
import { Problem } from "@jackfield/problem/problem";
import { maxEventBytes } from "@jackfield/spec/event/envelope";
import { partsOfItem } from "@jackfield/spec/event/ids";
import type { ForeachInputs } from "@jackfield/spec/project/foreach";
import { foreachCapability } from "@jackfield/spec/project/workflow";
import type { Lists } from "./lists.ts";
import { returnMs, type LiveHandlers } from "./live-handlers.ts";

/** What preparing looks at, none of which it changes. */
export interface Surroundings {
  state: State;
  live: LiveHandlers;
  catalogue: Catalogue;
  lists: Lists;
  limits: OwnLimits;
  /** How long this process has been the active one. */
  activeMs: number;
  nowMs: number;
}

/** The value of an item that stands in an artifact, or why it is not here yet, or never will be. */
export type Line = { value: unknown } | { problem: Problem } | "reading";

/** A task is ready to be given out, or nobody can do it, or it is too early to say. */
export type Preparation =
  | { kind: "prepared"; prepared: Prepared }
  | { kind: "list"; inputs: ForeachInputs }
  | { kind: "nobody"; handler: string; contract: string; problem: Problem }
  | { kind: "wait"; why: string };

// Just after a start, handlers have had no time to say that they are there.
const firstGreetingsMs = 2_000;
/** What an event holds beside its inputs. */
const roomBytes = 8_192;

/** @throws NotLoaded */
export function prepare(
  run: BegunRun,
  task: Askable,
  around: Surroundings,
  line: Line | undefined,
): Preparation {
  if (task.capability === foreachCapability) return prepareList(run, task, around);
  if (line === "reading") return { kind: "wait", why: "waits until its list is read" };
  const { state, live, catalogue, limits } = around;
  const handler = task.handler ?? run.pinned.bindings[task.capability] ?? task.capability;
  const ours = catalogue.get(task.capability)?.version;
  const found = live.find(run.scope.project, handler);
  const contract = found === undefined ? undefined : commonContract(found.description, task.capability, ours);
  if (found === undefined || contract === undefined) {
    const reason = found === undefined ? stillComing(run, handler, around) : undefined;
    return reason === undefined ? nobody(run, task, handler, around) : { kind: "wait", why: reason };
  }
  const { version, environment } = found.description;
  const who = { handler, version, environment, contract };
  if (line !== undefined && "problem" in line) return { kind: "nobody", handler, contract, ...line };
  const sources = sourcesOf(run, task).flatMap((id) => state.tasks.get(id) ?? []);
  const inputs = resolveInputs(run, task, sources, itemOf(run, task, sources, line));
  if (Buffer.byteLength(JSON.stringify(inputs)) > maxEventBytes - roomBytes) {
    return { kind: "nobody", handler, contract, problem: tooLarge(task) };
  }
  const key = keyOf(run, task, who, { inputs, catalogue });
  const prepared = { run, task, who, slots: found.key, inputs, key, kept: undefined, limits };
  return { kind: "prepared", prepared };
}

function nobody(run: BegunRun, { capability }: Askable, handler: string, around: Surroundings): Preparation {
  const { state, catalogue } = around;
  const asked = { scope: run.scope, capability, handler, silentSeconds: silence(run, handler, around) };
  const contract = catalogue.get(capability)?.version ?? "1.0.0";
  return { kind: "nobody", handler, contract, problem: noHandler(state, asked, catalogue) };
}

/** What `/item` and `/index` lead to; nothing for a task that is no item. */
function itemOf(
  run: BegunRun,
  task: Askable,
  sources: Task[],
  line: { value: unknown } | undefined,
): Item | undefined {
  const index = partsOfItem(task.id)?.index;
  if (index === undefined) return undefined;
  return { index, item: line === undefined ? itemHere(run, task, index, sources) : line.value };
}

/** How many items a foreach has, and the artifact that holds them. */
function prepareList(run: BegunRun, task: Askable, { state, lists }: Surroundings): Preparation {
  const sources = sourcesOf(run, task).flatMap((id) => state.tasks.get(id) ?? []);
  try {
    const list = listOf(run, task, sources);
    if (!("artifact" in list)) return { kind: "list", inputs: { items: list.items } };
    const { digest } = list.artifact;
    const items = lists.lengthOf(digest);
    if (items === "reading") return { kind: "wait", why: "reads its list" };
    if (items instanceof Problem)
      throw refused(
        task,
        stepOf(run, task)?.foreach?.in ?? digest,
        items.code === "E_LIST" ? (items.why ?? "") : items.message,
      );
    return { kind: "list", inputs: { items, list: digest } };
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return { kind: "nobody", handler: foreachHandler, contract: "1.0.0", problem: thrown };
  }
}

/** Why somebody who is not there may still come; undefined when nobody will. */
function stillComing(
  run: BegunRun,
  handler: string,
  { state, activeMs, ...around }: Surroundings,
): string | undefined {
  const known = findHandler(state, run.scope.project, handler);
  if (known === undefined)
    return activeMs < firstGreetingsMs ? `waits for ${handler} to register` : undefined;
  if (known.lost && activeMs >= returnMs) return undefined;
  const heardMs = around.live.heardMs(known.key);
  const since = heardMs === undefined ? "" : `, silent for ${printSeconds((around.nowMs - heardMs) / 1_000)}`;
  return `waits for ${handler} to come back${since}`;
}

function silence(run: BegunRun, handler: string, { state, live, nowMs }: Surroundings): number | undefined {
  const known = findHandler(state, run.scope.project, handler);
  const heardMs = known === undefined ? undefined : live.heardMs(known.key);
  return heardMs === undefined ? undefined : (nowMs - heardMs) / 1_000;
}

const tooLarge = (task: Askable): Problem =>
  new Problem("E_TOO_LARGE", `The inputs of ${task.step} do not fit into an event.`, {
    why: `an event has at most ${maxEventBytes} bytes`,
    next: "put what is large into an artifact and hand on its descriptor",
  });
