import { runAborted, runPaused, runResumed } from "@jackfield/spec/facts/run";
import { Problem } from "@jackfield/problem/problem";
import { factId } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { freeEvent } from "./own-event.ts";
import { skipAsked, skipAsks } from "./skip-asks.ts";
import type { Run, RunningRun, Steered } from "./runs.ts";
import type { Change, Entry, State } from "./state.ts";

type Predicate = "paused" | "resumed" | "aborted";

/** What a person or program says with it. */
export interface Decided {
  by?: string | undefined;
  reason?: string | undefined;
}

const facts = { paused: runPaused, resumed: runResumed, aborted: runAborted } as const;

/** A run was paused, resumed or aborted. An aborted run stays aborted. */
export function foldSteered(state: State, { event }: Entry, predicate: Predicate): Change[] {
  const run = event.run === undefined ? undefined : state.runs.get(event.run);
  if (run?.status !== "running" || run.aborted !== undefined) return [];
  // The number in the id tells a fact that comes again from the next one.
  if (event.id !== factId(run.id, run.steers + 1, predicate)) return [];
  const said = facts[predicate].data.safeParse(event.data ?? {}).data ?? {};
  const steered: Steered = {
    event: event.id,
    ...(said.by !== undefined && { by: said.by }),
    ...(said.reason !== undefined && { reason: said.reason }),
  };
  const { paused: _, ...running } = run;
  const row: RunningRun = {
    ...running,
    steers: run.steers + 1,
    ...(predicate === "paused" && { paused: steered }),
    ...(predicate === "aborted" && { aborted: steered }),
  };
  if (predicate !== "aborted") return [{ table: "runs", key: run.id, row }];
  const over = skipAsked(state, row);
  const spared = skipAsks(state, run.id, ({ run: ofRun }) => ofRun === run.id);
  return [{ table: "runs", key: run.id, row: over.run }, ...over.changes, ...spared];
}

/** The fact that steers a run. @throws Problem E_STATE when the run is not in a state that allows it. */
export function steer(run: Run, predicate: Predicate, { by, reason }: Decided, now: string): CloudEvent {
  if (run.status !== "running" || run.aborted !== undefined) throw over(run, predicate);
  if (predicate === "paused" && run.paused !== undefined) throw not(run, "is paused already", run.paused);
  if (predicate === "resumed" && run.paused === undefined) throw not(run, "is not paused");
  const event = freeEvent(run.scope, {
    type: facts[predicate].type,
    id: factId(run.id, run.steers + 1, predicate),
    subject: run.id,
    now,
    data: { ...(reason !== undefined && { reason }), ...(by !== undefined && { by }) },
  });
  return { ...event, correlationid: run.correlationid, run: run.id, runname: run.name };
}

const verbs: Record<Predicate, string> = { paused: "pause", resumed: "resume", aborted: "abort" };

function over(run: Run, predicate: Predicate): Problem {
  const ended = run.status === "finished" ? `it ended: ${run.outcome}` : undefined;
  const refused = run.status === "refused" ? run.problem.what : undefined;
  return new Problem("E_STATE", `There is nothing to ${verbs[predicate]} in ${run.name}.`, {
    why: ended ?? refused ?? (run.status === "running" ? "it is being aborted" : "it has not begun"),
    next: `jackfield show ${run.name}`,
  });
}

const not = (run: Run, what: string, since?: Steered): Problem =>
  new Problem("E_STATE", `${run.name} ${what}.`, {
    ...(since?.by !== undefined && { why: `by ${since.by}` }),
    next: `jackfield show ${run.name}`,
  });
