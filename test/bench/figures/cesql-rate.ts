import { compileCesql } from "@jackfield/cesql/compile";
import { eventType } from "@jackfield/spec/event/type";
import { atLeast, type Figure } from "../figure.ts";
import { median, medianRatio } from "../statistics.ts";

const rounds = 7;
const evaluations = 1_000_000;

const type = eventType("train", "finished", "1.0.0");
const eventOf = (index: number) => ({
  specversion: "1.0",
  id: `seattle/train/train/${index}/finished`,
  source: "/jackfield/handlers/train",
  type,
  project: "weather",
  subproject: "seattle",
  handler: "train",
  role: "primary",
  attempt: 1 + (index % 3),
  status: "succeeded",
  result: index % 2 === 0 ? "pass" : "fail",
});
type Event = ReturnType<typeof eventOf>;
const events = Array.from({ length: 100 }, (_, index) => eventOf(index));

const compiled = compileCesql("type LIKE '%-train.finished.%' AND result = 'fail' AND attempt > 1");
const ours = (event: Event): boolean => compiled(event).value === true;
const byHand = (event: Event): boolean =>
  event.type.includes("-train.finished.") && event.result === "fail" && event.attempt > 1;

/** Evaluations per second. A core that does nothing else is what both need, so CPU seconds count, not those of a clock. */
function rate(matches: (event: Event) => boolean): number {
  const before = process.cpuUsage();
  let found = 0;
  for (let round = 0; round < evaluations / events.length; round += 1) found += events.filter(matches).length;
  const { user, system } = process.cpuUsage(before);
  // Every second fails, and of those two of three came to a second attempt.
  if (Math.abs(found / evaluations - 1 / 3) > 0.01) throw new Error(`${found} matches`);
  return evaluations / ((user + system) / 1_000_000);
}

/** A filter of three clauses over the attributes of one event. */
export const cesqlRate: Figure = {
  id: "cesql.rate",
  goal: [atLeast("value", 300_000)],
  measure: async () => {
    const rates = { ours: [] as number[], byHand: [] as number[] };
    for (let round = 0; round <= rounds; round += 1) {
      const measured = { ours: rate(ours), byHand: rate(byHand) };
      if (round === 0) continue;
      rates.ours.push(measured.ours);
      rates.byHand.push(measured.byHand);
    }
    return {
      value: median(rates.ours),
      unit: "evaluations/s",
      against: { name: "the same three clauses written in TypeScript", value: median(rates.byHand) },
      ratio: medianRatio(rates.ours, rates.byHand),
      beside: {},
    };
  },
};
