import type { FaultOptions, FaultWorld } from "../faults/fault-world.ts";
import type { Invariant } from "../checker/verdict.ts";
import { conductorDies, handlerForges, streamFills, workerDies, workerFreezes } from "./scenarios.ts";

/** A deliberately broken module, and the fault under which the checker must say so. */
export interface Control {
  broken: string;
  replaces: string;
  scenario: (faults: FaultWorld) => Promise<void>;
  breaks: Invariant;
  options?: FaultOptions;
}

/** The shortest lease that there is. */
const environment = { JACKFIELD_LEASE_SECONDS: "6" };

export const controls = {
  noForgedCheck: {
    broken: "no-forged-check",
    replaces: "libs/events/subject.ts",
    scenario: handlerForges,
    breaks: "I5",
    options: { work: { milliseconds: 1_000 } },
  },
  ackAfterWork: {
    broken: "ack-after-work",
    replaces: "libs/service/attempt.ts",
    scenario: workerDies,
    breaks: "I3",
    options: { environment, work: { milliseconds: 500 } },
  },
  fencingByCounting: {
    broken: "fencing-by-counting",
    replaces: "libs/lifecycle/open-attempt.ts",
    scenario: workerFreezes,
    breaks: "I2",
    options: { environment, work: { milliseconds: 500 } },
  },
  durableConsumer: {
    broken: "durable-consumer",
    replaces: "libs/events/log-reader.ts",
    scenario: conductorDies,
    breaks: "I4",
    options: { environment },
  },
  discardOld: {
    broken: "discard-old",
    replaces: "libs/events/stream.ts",
    scenario: streamFills,
    breaks: "I1",
  },
} as const satisfies Record<string, Control>;
