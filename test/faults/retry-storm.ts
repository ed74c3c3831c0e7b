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
const handler = "dependent";

/** What happened to one task, in the order of the stream. */
interface Passage {
  attempt: number;
  endedMs: number;
  status: string | undefined;
}

/**
 * So many tasks fail at once, because what they depend on is away; when each has failed it comes back. They are tried
 * again, none before its own rest and never more at once than there are slots, until all have passed.
 */
export async function sufferAStorm(tasks: number): Promise<void> {
  const folder = await folderWith({
    "jackfield.yaml": wideFile("faults", tasks, { handler, attempts: 100 }),
    away: "",
  });
  const awayWhile = join(folder, "away");
  await using faults = await FaultWorld.begin({ folder });
  await faults.handler({ name: handler, concurrency: slots, milliseconds: 0, awayWhile });
  const asked = await faults.request(1);
  const failed = new Set<string>();
  let read = 0;
  await until(
    "each to have failed",
    () => {
      for (const { type, subject = "", status } of faults.world.events.slice(read))
        if (shortType(type) === "split.finished" && status === "errored") failed.add(subject);
      read = faults.world.events.length;
      return failed.size === tasks;
    },
    { withinMs: 20_000 + tasks * 20, everyMs: 50 },
  );
  await rm(awayWhile);
  faults.record({ op: "fault", what: "what all depend on was away", part: "blow" });
  await faults.over(asked, 60_000 + tasks * 20);
  expect(await faults.world.happened("run.finished")).toMatchObject({ data: { outcome: "pass" } });
  judgeRetries(faults);
  const verdict = await faults.verdict(60_000);
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}

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
