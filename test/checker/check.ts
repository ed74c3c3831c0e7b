import { caseOf, type Case } from "./evidence.ts";
import { readHistory } from "./history.ts";
import { judgeAccounted } from "./invariants/accounted.ts";
import { judgeAcknowledged } from "./invariants/acknowledged.ts";
import { judgeAsked } from "./invariants/asked.ts";
import { judgeCountedOnce } from "./invariants/counted-once.ts";
import { readStores } from "./stores.ts";
import { readStream } from "./stream.ts";
import { verdictOf, type Verdict } from "./verdict.ts";

export interface CheckOptions {
  /** The file that the test, its clients and its handlers recorded into. */
  history: string;
  natsUrl: string;
  prefix?: string | undefined;
  /** The superuser's. */
  postgresUrl: string;
}

/** Judges the invariants of design.md §7 from what was recorded and what the stores hold. Ask when all is quiet. */
export async function check({ history, natsUrl, prefix, postgresUrl }: CheckOptions): Promise<Verdict> {
  const stream = await readStream({ natsUrl, prefix });
  const stores = await readStores(postgresUrl);
  return judge(caseOf(readHistory(history), stores, stream));
}

/** The verdict about a case that is in memory. */
export const judge = (given: Case): Verdict =>
  verdictOf([judgeAcknowledged(given), judgeCountedOnce(given), judgeAsked(given), judgeAccounted(given)]);
