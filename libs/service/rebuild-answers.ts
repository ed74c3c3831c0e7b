import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { asProblem, Problem, reportOf } from "@jackfield/problem/problem";
import { readerQuestions, type RebuildReport } from "@jackfield/spec/ask/reader";
import { printPosition } from "@jackfield/spec/event/position";
import { answerTo, type Answer } from "./answer.ts";
import type { LogFold, Parts } from "./define.ts";
import { readTrackersLog } from "./history.ts";
import { checkState, replaceState, type Rebuildable, type Rebuilt } from "./rebuild.ts";

/** A question is answered within this time, however long the work takes. */
const answerMs = 5_000;

/** One state is made anew at a time; the report of the last one stays until the next begins. */
export function rebuildAnswers(reader: string, { rebuild: rebuildable }: LogFold, parts: Parts): Answer[] {
  if (rebuildable === undefined) return [];
  let report: RebuildReport | undefined;
  let working: Promise<void> = Promise.resolve();
  const answer = answerTo(readerQuestions(reader).rebuild, async ({ replace = false, job }) => {
    if (job !== undefined && job !== report?.job) throw gone(reader);
    if (job === undefined) {
      if (report?.state === "running") throw busy(reader);
      const begun = begin({ reader, replace }, rebuildable, parts);
      report = begun.report;
      working = begun.working;
    }
    await Promise.race([working, delay(answerMs)]);
    if (report === undefined) throw gone(reader);
    return report;
  });
  return [answer];
}

function begin(
  asked: { reader: string; replace: boolean },
  rebuildable: Rebuildable,
  { database, events, log }: Parts,
): { report: RebuildReport; working: Promise<void> } {
  const began = performance.now();
  const report: RebuildReport = { job: randomUUID(), ...asked, state: "running", events: 0, seconds: 0 };
  const note = (folded: number): void => {
    report.events = folded;
    report.seconds = (performance.now() - began) / 1_000;
  };
  const { replace } = asked;
  const source = rebuildable.log ?? ((from) => readTrackersLog(events, from));
  const work = replace ? replaceState : checkState;
  const working = work({ database, rebuildable, log: source, onProgress: note }).then(
    (rebuilt) => {
      note(rebuilt.events);
      Object.assign(report, resultOf(rebuilt));
      const { position, same } = report;
      log.info(
        { event: "state.rebuilt", replace, position, same, events: report.events },
        "made the state anew",
      );
    },
    (error: unknown) => {
      note(report.events);
      Object.assign(report, { state: "failed", problem: reportOf(asProblem(error)) });
      log.warn(
        { event: "rebuild.failed", replace, error: String(error) },
        "the state could not be made anew",
      );
    },
  );
  return { report, working };
}

const resultOf = ({ position, live, rebuilt }: Rebuilt): Partial<RebuildReport> => ({
  state: "done",
  same: live.hash === rebuilt.hash,
  live,
  rebuilt,
  ...(position !== undefined && { position: printPosition(position) }),
});

const busy = (reader: string): Problem =>
  new Problem("E_STATE", `The state of ${reader} is being made anew already.`, {
    next: "ask again when it is done",
  });

const gone = (reader: string): Problem =>
  new Problem("E_NOT_FOUND", `${reader} knows nothing of this work.`, {
    why: "it began anew meanwhile; a state that was not complete was thrown away",
    next: "begin again",
  });
