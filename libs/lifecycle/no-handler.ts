import { Problem } from "@jackfield/problem/problem";
import { nearestNames } from "@jackfield/problem/nearest";
import { boundTo, printScope } from "./bindings.ts";
import { findHandler, handlersFor } from "./handlers.ts";
import type { Catalogue } from "./facts.ts";
import type { RunScope } from "./runs.ts";
import type { State } from "./state.ts";

interface Asked {
  scope: RunScope;
  capability: string;
  handler: string;
  /** Seconds since it was last heard, when that is known. */
  silentSeconds: number | undefined;
}

/** Nobody can answer: who should have, who said so, when it was last seen, and who else could. */
export function noHandler(
  state: State,
  { scope, capability, handler, silentSeconds }: Asked,
  catalogue: Catalogue,
): Problem {
  const bound = boundTo(state, scope, capability, catalogue);
  const overridden = bound.handler === handler && bound.from !== "default";
  const known = handlersFor(state, scope.project, capability).map(({ description }) => description.handler);
  const others = known.filter((name) => name !== handler);
  const near = nearestNames(handler, others);
  return new Problem("E_NO_HANDLER", `Nobody can answer ${capability} for ${printScope(scope)}.`, {
    why: [
      `${capability} is bound to ${handler}${overridden ? saidBy(bound) : " by default"}, ${seenLast(state, scope, handler, silentSeconds)}`,
      others.length > 0
        ? `handlers known for ${capability}: ${others.join(", ")}`
        : `no other handler is known for ${capability}`,
      ...(near.length > 0 && known.length === others.length ? [`nearest: ${near.join(", ")}`] : []),
    ].join("\n"),
    next: [
      ...(overridden && bound.from !== "jackfield.yaml" ? [`jackfield bind ${capability} --undo`] : []),
      `start it: jackfield handle ${capability} --name ${handler} -- COMMAND`,
      ...(others.length > 0 ? [`or take another: jackfield bind ${capability}=${others[0] ?? ""}`] : []),
      "then: jackfield retry",
    ].join("\n"),
  });
}

const saidBy = ({ from, by, since }: { from: string; by?: string; since?: string }): string => {
  const who = [by === undefined ? undefined : `by ${by}`, since].filter((part) => part !== undefined);
  return ` (${from}${who.length > 0 ? `, ${who.join(", ")}` : ""})`;
};

function seenLast(state: State, scope: RunScope, handler: string, silentSeconds: number | undefined): string {
  const known = findHandler(state, scope.project, handler);
  if (known === undefined) return "which was never there";
  if (silentSeconds !== undefined) return `which was last seen ${printSeconds(silentSeconds)} ago`;
  return known.since === undefined ? "which is gone" : `which is gone since ${known.since}`;
}

/** 34 → `00:34`, 3700 → `1:01:40`. */
export function printSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return whole < 3_600 ? minutes : `${Math.floor(whole / 3_600)}:${minutes}`;
}
