import { sourceOfService } from "@jackfield/spec/event/ids";
import { runFinished } from "@jackfield/spec/facts/run";
import type { KeptEvent } from "../kept-event.ts";
import { isObject, type CountedFinish } from "./attempts.ts";

export interface Metric {
  run: string;
  name: string;
  value: number;
  /** The task that measured it; none when the run itself says it. */
  task: string | undefined;
}

/**
 * Numbers under `metrics` in the outputs of counted, primary answers, and in `run.finished`; the last in stream order
 * stands for its name, so what `evaluate` measured replaces what the trainer said of itself. Sorted by run and name.
 */
export function foldMetrics(events: readonly KeptEvent[], counted: readonly CountedFinish[]): Metric[] {
  const finishes = new Map(counted.map((one) => [one.finish, one]));
  const metrics = new Map<string, Metric>();
  for (const kept of events) {
    for (const metric of metricsOf(kept, finishes.get(kept)))
      metrics.set(`${metric.run}\n${metric.name}`, metric);
  }
  return [...metrics.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, metric]) => metric);
}

function metricsOf({ event }: KeptEvent, counted: CountedFinish | undefined): Metric[] {
  const { run, data } = event;
  if (run === undefined || !isObject(data)) return [];
  if (counted !== undefined && counted.question.role === "primary" && isObject(data["outputs"]))
    return numbersIn(data["outputs"]["metrics"], { run, task: counted.question.task });
  if (event.type === runFinished.type && event.source === sourceOfService("conductor"))
    return numbersIn(data["metrics"], { run, task: undefined });
  return [];
}

const numbersIn = (metrics: unknown, { run, task }: Pick<Metric, "run" | "task">): Metric[] =>
  isObject(metrics)
    ? Object.entries(metrics).flatMap(([name, value]) =>
        typeof value === "number" || typeof value === "bigint"
          ? [{ run, name, value: Number(value), task }]
          : [],
      )
    : [];
