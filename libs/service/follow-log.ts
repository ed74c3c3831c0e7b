import type { Gap } from "@jackfield/events/log-place";
import { readLog, type ReadLogOptions } from "@jackfield/events/log-reader";
import { Problem } from "@jackfield/problem/problem";
import { renew } from "@jackfield/spec/ask/tracker";
import { printPosition } from "@jackfield/spec/event/position";
import { askService } from "./answer.ts";
import type { LogFold, Parts } from "./define.ts";
import type { Readiness } from "./health.ts";
import { readTrackersLog } from "./history.ts";

export interface FollowLogOptions extends Pick<ReadLogOptions, "signal" | "onBatch"> {
  onState: (state: Readiness) => void;
}

/**
 * Reads the log for a fold: the stream, and what the stream does not hold from the tracker. A stream that is made anew
 * ends it for who decides: what was not read back went with the old one, and beginning anew says it again.
 */
export async function followLog(
  { events, log }: Pick<Parts, "events" | "log">,
  fold: LogFold,
  { signal, onBatch, onState }: FollowLogOptions,
): Promise<void> {
  let begun = false;
  const reads = (): void => {
    begun = true;
    onState({ ready: true });
  };
  await readLog(events, {
    from: fold.position,
    signal,
    ...(fold.keeper ?? asReader({ events })),
    onBatch: async (batch) => {
      await onBatch(batch);
      reads();
    },
    onIdle: reads,
    onGap: async (gap) => {
      log.warn({ event: "log.gap", ...gapText(gap) }, "the stream does not hold what comes next");
      await fold.keeper?.onGap(gap);
      if (gap.why === "remade" && begun && fold.decides === true) throw remade(gap);
    },
    onProblem: (problem) => {
      log.warn({ event: "log.interrupted", code: problem.code, why: problem.why }, problem.message);
      onState({ ready: false, why: problem.message });
    },
  });
}

const asReader = ({ events }: Pick<Parts, "events">): Pick<ReadLogOptions, "history" | "onBehind"> => ({
  history: (from) => readTrackersLog(events, from),
  onBehind: async (last) => {
    await askService(events, renew, { last: printPosition(last) });
  },
});

export const gapText = ({ from, to, why }: Gap) => ({
  why,
  from: printPosition(from),
  to: printPosition(to),
});

const remade = ({ from, to }: Gap): Problem =>
  new Problem("E_STREAM_BEHIND", "The stream was made anew.", {
    why: `it went on at ${printPosition(to)} where ${printPosition(from)} was due`,
    next: "nothing: everything begins anew from its stored position",
  });
