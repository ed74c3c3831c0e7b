import { Counter, Histogram } from "prom-client";

/** Names follow Prometheus' conventions: base units, `_total` for counters. */
export const batchSize = new Histogram({
  name: "jackfield_log_batch_events",
  help: "Events that a log reader folded in one transaction",
  labelNames: ["service"],
  buckets: [1, 5, 20, 50, 100, 200, 500],
});

export const tasksFinished = new Counter({
  name: "jackfield_tasks_finished_total",
  help: "Attempts that a handler of this process finished",
  labelNames: ["handler", "capability", "status"],
});

export const workSeconds = new Histogram({
  name: "jackfield_task_work_seconds",
  help: "Time from started to finished",
  labelNames: ["handler", "capability"],
  buckets: [0.01, 0.05, 0.2, 1, 5, 30, 120, 600, 3_600],
});
