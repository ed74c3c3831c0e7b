import { caseOf, type Case } from "./evidence.ts";
import { readHistory } from "./history.ts";
import { judgeAccounted } from "./invariants/accounted.ts";
import { judgeAcknowledged } from "./invariants/acknowledged.ts";
import { judgeAsked } from "./invariants/asked.ts";
import { judgeCaused } from "./invariants/caused.ts";
import { judgeCountedOnce } from "./invariants/counted-once.ts";
import { judgeExecutedOnce } from "./invariants/executed-once.ts";
import { judgeForwards } from "./invariants/forwards.ts";
import { judgeRecovered } from "./invariants/recovered.ts";
import { readStores } from "./stores.ts";
import { readStream } from "./stream.ts";
import { verdictOf, type Verdict } from "./verdict.ts";

export interface CheckOptions {
  /** The file that the test, its clients and its handlers recorded into. */
  history: string;
  natsUrl: string;
  /** The path of a `.creds` file. */
  natsCreds?: string | undefined;
  prefix?: string | undefined;
  /** The superuser's. */
  postgresUrl: string;
  /** How soon work must go on after a fault; 15 s unless given. */
  recoverWithinMs?: number | undefined;
}

const usualRecoveryMs = 15_000;

/** Judges the invariants of design.md §7 from what was recorded and what the stores hold. Ask when all is quiet. */
export async function check(options: CheckOptions): Promise<Verdict> {
  const stream = await readStream(options);
  const stores = await readStores(options.postgresUrl);
  return judge(caseOf(readHistory(options.history), stores, stream), options.recoverWithinMs);
}

/** The verdict about a case that is in memory. */
export const judge = (given: Case, recoverWithinMs = usualRecoveryMs): Verdict =>
  verdictOf([
    judgeAcknowledged(given),
    judgeCountedOnce(given),
    judgeExecutedOnce(given),
    judgeForwards(given),
    judgeAsked(given),
    judgeAccounted(given),
    judgeCaused(given),
    judgeRecovered(given, recoverWithinMs),
  ]);
