import { asProblem, Problem, reportOf } from "@jackfield/problem/problem";
import { runRefused, runStarted } from "@jackfield/spec/facts/run";
import { eventKey, factId } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { countName, nameBase, nameKey } from "./name-runs.ts";
import { pinRun } from "./pin-run.ts";
import { runEvent } from "./own-event.ts";
import { mayTrigger, reactionTo, taskWorkflow, type Reaction, type Wanted } from "./triggers.ts";
import { isOwn, type Catalogue } from "./facts.ts";
import type { Pinned, Run, RunHead } from "./runs.ts";
import type { Change, Check, Entry, State } from "./state.ts";

/**
 * Folds the runs that an event asks for: each gets its name and everything it is pinned to, at its place in the stream.
 * The same request again changes nothing.
 */
export function foldRequests(state: State, entry: Entry, catalogue: Catalogue): Change[] {
  if (!mayTrigger(state, entry)) return [];
  const { event } = entry;
  const reaction = reactionTo(state, event);
  // What others say is kept with every trigger it met; of our own facts and of answers only what started something.
  const quiet = isOwn(event) || event.triggeredid !== undefined;
  if (reaction.wanted.length === 0 && quiet) return [];
  const key = eventKey(event);
  if (state.checks.get(key) !== undefined) return [];
  const runs = reaction.wanted
    .filter(({ run }) => state.runs.get(run) === undefined)
    .flatMap((asked) => foldRequest(state, event, asked, catalogue));
  return [...runs, { table: "checks", key, row: checkOf(entry, reaction) }];
}

function foldRequest(state: State, event: CloudEvent, asked: Wanted, catalogue: Catalogue): Change[] {
  const head = headOf(event, asked);
  try {
    const pinned = pinRun(state, event, asked, catalogue);
    const base = nameBase(asked.scope, pinned.workflow, pinned.workflow.name === taskWorkflow);
    const runname = `${base}-${(state.names.get(nameKey(asked.scope.project, base))?.count ?? 0) + 1}`;
    const named: Pinned = { ...pinned, runname };
    const row: Run = { ...head, name: runname, status: "requested", pinned: named };
    return [
      { table: "runs", key: row.id, row },
      countName(state, asked.scope.project, named),
      { table: "seeds", key: pinned.runconfiguration, row: { seed: pinned.seed } },
    ];
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    const row: Run = { ...head, status: "refused", problem: reportOf(asProblem(thrown)) };
    return [{ table: "runs", key: row.id, row }];
  }
}

const headOf = (event: CloudEvent, asked: Wanted): RunHead => ({
  id: asked.run,
  // A refused run takes no number.
  name: asked.run,
  scope: asked.scope,
  correlationid: event.correlationid ?? event.id,
  cause: { id: event.id, source: event.source },
  ...(event.traceparent !== undefined && { traceparent: event.traceparent }),
});

function checkOf({ event, position }: Entry, { wanted, refused }: Reaction): Check {
  const fired = wanted.map(({ workflow, scope, run }) => ({
    workflow,
    ...(scope.subproject !== undefined && { subproject: scope.subproject }),
    run,
  }));
  return { event: event.id, type: event.type, position, fired, refused };
}

/** The runs that folding this event made → `run.started` or `run.refused`; of an event that came again nothing. */
export function decideRequests({ event }: Entry, changes: readonly Change[], now: string): CloudEvent[] {
  return changes.flatMap((change) => {
    const run = change.table === "runs" ? change.row : undefined;
    if (run?.status === "requested") return [startedEvent(run, run.pinned, now)];
    // A refusal that is read back makes a row too; its cause is the request, not itself.
    const isOurs =
      run?.status === "refused" && run.cause.id === event.id && run.cause.source === event.source;
    return isOurs ? [refusedEvent(run, run.problem, now)] : [];
  });
}

const startedEvent = (run: RunHead, pinned: Pinned, now: string): CloudEvent => ({
  ...runEvent(run, run.cause, {
    type: runStarted.type,
    id: factId(run.id, 1, "started"),
    subject: run.id,
    now,
    data: pinned,
  }),
  workflow: pinned.workflow.name,
});

const refusedEvent = (run: RunHead, problem: unknown, now: string): CloudEvent =>
  runEvent(run, run.cause, {
    type: runRefused.type,
    id: factId(run.id, 1, "refused"),
    subject: run.id,
    now,
    data: { problem },
  });

/** Before or after an event is published: what would it start, and which triggers say no? */
export function listeners(
  state: State,
  event: CloudEvent,
  catalogue: Catalogue,
): Pick<Check, "fired" | "refused"> {
  const reaction = reactionTo(state, event);
  const refused = [...reaction.refused];
  const fired: Check["fired"] = [];
  for (const asked of reaction.wanted) {
    try {
      pinRun(state, event, asked, catalogue);
      const { subproject } = asked.scope;
      fired.push({
        workflow: asked.workflow,
        run: asked.run,
        ...(subproject !== undefined && { subproject }),
      });
    } catch (thrown) {
      if (!(thrown instanceof Problem)) throw thrown;
      refused.push({ trigger: asked.trigger, clause: `${thrown.code} ${thrown.message}` });
    }
  }
  return { fired, refused };
}
