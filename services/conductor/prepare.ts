import { commonContract, findHandler } from "@jackfield/lifecycle/handlers";
import type { Catalogue } from "@jackfield/lifecycle/facts";
import type { Prepared } from "@jackfield/lifecycle/give-out";
import { noHandler, printSeconds } from "@jackfield/lifecycle/no-handler";
import type { BegunRun } from "@jackfield/lifecycle/runs";
import type { State } from "@jackfield/lifecycle/state";
import {
  keyOf,
  resolveInputs,
  sourcesOf,
  type Askable,
  type OwnLimits,
} from "@jackfield/lifecycle/trigger-task";
import { Problem } from "@jackfield/problem/problem";
import { maxEventBytes } from "@jackfield/spec/event/envelope";
import { returnMs, type LiveHandlers } from "./live-handlers.ts";

/** What preparing looks at, none of which it changes. */
export interface Surroundings {
  state: State;
  live: LiveHandlers;
  catalogue: Catalogue;
  limits: OwnLimits;
  /** How long this process has been the active one. */
  activeMs: number;
  nowMs: number;
}

/** A task is ready to be given out, or nobody can do it, or it is too early to say. */
export type Preparation =
  | { kind: "prepared"; prepared: Prepared }
  | { kind: "nobody"; handler: string; contract: string; problem: Problem }
  | { kind: "wait"; why: string };

// Just after a start, handlers have had no time to say that they are there.
const firstGreetingsMs = 2_000;
/** What an event holds beside its inputs. */
const roomBytes = 8_192;

/** @throws NotLoaded */
export function prepare(run: BegunRun, task: Askable, around: Surroundings): Preparation {
  const { state, live, catalogue, limits } = around;
  const handler = task.handler ?? run.pinned.bindings[task.capability] ?? task.capability;
  const ours = catalogue.get(task.capability)?.version;
  const found = live.find(run.scope.project, handler);
  const contract = found === undefined ? undefined : commonContract(found.description, task.capability, ours);
  if (found === undefined || contract === undefined) {
    const reason = found === undefined ? stillComing(run, handler, around) : undefined;
    if (reason !== undefined) return { kind: "wait", why: reason };
    const asked = {
      scope: run.scope,
      capability: task.capability,
      handler,
      silentSeconds: silence(run, handler, around),
    };
    return {
      kind: "nobody",
      handler,
      contract: ours ?? "1.0.0",
      problem: noHandler(state, asked, catalogue),
    };
  }
  const { version, environment } = found.description;
  const who = { handler, version, environment, contract };
  const sources = sourcesOf(run, task).flatMap((id) => state.tasks.get(id) ?? []);
  const inputs = resolveInputs(run, task, sources);
  if (Buffer.byteLength(JSON.stringify(inputs)) > maxEventBytes - roomBytes) {
    return { kind: "nobody", handler, contract, problem: tooLarge(task) };
  }
  const key = keyOf(run, task, who, { inputs, catalogue });
  const prepared = { run, task, who, slots: found.key, inputs, key, kept: undefined, limits };
  return { kind: "prepared", prepared };
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
