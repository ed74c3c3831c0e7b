import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { restBefore } from "@jackfield/lifecycle/backoff";
import { shortType } from "@jackfield/spec/event/type";
import { until } from "../bed/until.ts";
import { printVerdict } from "../checker/verdict.ts";
import { FaultWorld } from "./fault-world.ts";
import { folderWith, wideFile } from "./workload.ts";

const slots = 64;
/** A foreach begins no further item while a thousand are begun, so many tasks fail at once only in several runs. */
const runs = 4;
const handler = "dependent";

/** What happened to one task, in the order of the stream. */
interface Passage {
  attempt: number;
  endedMs: number;
  status: string | undefined;
}

/**
 * So many tasks fail at once, because what they depend on is away; after as many failures it comes back. They are tried
 * again, none before its own rest and never more at once than there are slots, until all have passed.
 */
export async function sufferAStorm(tasks: number): Promise<void> {
  const folder = await folderWith({
    "jackfield.yaml": wideFile("faults", tasks / runs, { handler, attempts: 100 }),
    away: "",
  });
  const awayWhile = join(folder, "away");
  await using faults = await FaultWorld.begin({ folder });
  await faults.handler({ name: handler, concurrency: slots, milliseconds: 0, awayWhile });
  const asked = await faults.request(runs);
  await until("as many failures as tasks", () => failuresIn(faults) >= tasks, {
    withinMs: 20_000 + tasks * 20,
    everyMs: 200,
  });
  await rm(awayWhile);
  faults.record({ op: "fault", what: "what all depend on was away", part: "blow" });
  await faults.over(asked, 60_000 + tasks * 20);
  judgeRetries(faults);
  const verdict = await faults.verdict(60_000);
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}

const failuresIn = ({ world }: FaultWorld): number =>
  world.events.filter(({ type, status }) => status === "errored" && shortType(type) === "split.finished")
    .length;

function judgeRetries({ world }: FaultWorld): void {
  const ended = new Map<string, Passage>();
  const early: string[] = [];
  let open = 0;
  let most = 0;
  for (const { event, storedMs } of world.seen) {
    const { subject = "", attempt = 0, status } = event ?? {};
    const short = shortType(event?.type ?? "");
    if (short === "split.finished") {
      open -= 1;
      ended.set(subject, { attempt, endedMs: storedMs, status });
    }
    if (short !== "split.triggered") continue;
    most = Math.max(most, (open += 1));
    const before = ended.get(subject);
    if (before !== undefined && storedMs - before.endedMs < restBefore(subject, attempt))
      early.push(`${subject} ${attempt}`);
  }
  expect(early).toEqual([]);
  expect(most).toBeLessThanOrEqual(slots);
  expect([...ended.values()].filter(({ status }) => status !== "succeeded")).toEqual([]);
}
