import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { changesOf } from "../changes.ts";
import { bytesNamed, foreign, Life, logged } from "../fixture/life.ts";

const nothing = { digests: new Map<string, string>(), questions: new Map() };
const given = (events: CloudEvent[]) => changesOf(logged(events), nothing);
const life = new Life();

test("several events of one task become one change, and the first finished counts", () => {
  const late = life.task("train", "finished", { status: "timedout", source: "/jackfield/conductor" });
  const { attempts } = given([
    life.task("train", "triggered"),
    life.task("train", "started"),
    life.task("train", "progressed", { id: "p1", data: { fraction: 0.5 } }),
    life.task("train", "finished", { result: "warning" }),
    late,
  ]);
  expect(attempts.changes).toMatchObject([
    {
      question: { task: `${life.run}/train`, attempt: 1 },
      started: { position: { sequence: 2 } },
      progressed: { position: { sequence: 3 } },
      finished: { position: { sequence: 4 }, status: "succeeded", result: "warning" },
    },
  ]);
  expect(attempts.late).toMatchObject([{ position: { sequence: 5 } }]);
});

test("an answer without its question, or to another question, is withheld", () => {
  const { kept, withheld } = given([
    life.task("train", "finished"),
    life.task("train", "triggered"),
    life.task("train", "started", { subject: `${life.run}/split` }),
    life.task("train", "started", { handler: "other", triggeredid: `${life.run}/train/train/1/triggered` }),
    life.task("train", "started", { handler: undefined, source: "/jackfield/handlers/other" }),
    { ...life.task("train", "started"), attempt: undefined },
    life.task("train", "started"),
  ]);
  expect(kept.map(({ position }) => position.sequence)).toEqual([2, 7]);
  expect(withheld.map(({ why, entry }) => [why, entry.position.sequence])).toEqual(
    [1, 3, 4, 5, 6].map((sequence) => ["no-question", sequence]),
  );
});

test("a repeat is harmless; other content under the same key is a conflict, and the first stands", () => {
  const first = foreign("1", { data: { a: 1 } });
  const { kept, withheld } = given([
    first,
    { ...first, time: "2026-01-01T00:00:00Z" },
    { ...first, data: { a: 2 } },
    { ...first, project: "weather" },
  ]);
  expect(kept.map(({ position }) => position.sequence)).toEqual([1, 4]);
  expect(withheld).toMatchObject([{ why: "conflict", entry: { position: { sequence: 3 } } }]);
});

test.each([
  ["running", [life.started()]],
  ["paused", [life.started(), life.fact("paused")]],
  ["running", [life.started(), life.fact("paused"), life.fact("resumed")]],
  ["aborted", [life.started(), life.fact("aborted"), life.fact("resumed")]],
  ["fail", [life.started(), life.finished("fail"), life.fact("paused")]],
])("a run is %s after its facts", (state, events) => {
  expect(given(events).runs).toMatchObject([{ run: life.run, state }]);
});

test("nobody but the conductor says what becomes of a run", () => {
  const claimed = { ...life.finished("pass", { accuracy: 1 }), source: "/ci" };
  expect(given([life.started(), claimed])).toMatchObject({ runs: [{ state: "running" }], metrics: [] });
});

test("metrics come from counted primary answers and from the run; the last word stands", () => {
  const measured = (value: number) => ({ data: { outputs: { metrics: { accuracy: value } } } });
  const shadow = { handler: "boost", role: "shadow" as const };
  const { metrics } = given([
    life.task("train", "triggered"),
    life.task("train", "triggered", shadow),
    life.task("train", "finished", measured(0.9)),
    life.task("train", "finished", { ...shadow, ...measured(0.99) }),
    life.task("evaluate", "triggered"),
    life.task("evaluate", "finished", measured(0.8)),
    life.finished("pass", { f1: 0.7 }),
  ]);
  expect(metrics).toEqual([
    { run: life.run, name: "accuracy", value: 0.8, task: `${life.run}/evaluate` },
    { run: life.run, name: "f1", value: 0.7, task: undefined },
  ]);
});

test("every descriptor in an event is an artifact; inputs are used, outputs and logs are made by the task", () => {
  const [data, model, log] = [bytesNamed("data"), bytesNamed("model", "model"), bytesNamed("log")];
  const { artifacts } = given([
    life.task("train", "triggered", { data: { inputs: { dataset: { train: data } } } }),
    life.task("train", "finished", { data: { outputs: { model, files: [model] }, logs: [log] } }),
    foreign("fact", { data: { deep: [{ er: bytesNamed("elsewhere") }] } }),
  ]);
  expect(artifacts.artifacts).toHaveLength(4);
  expect(artifacts.artifacts).toContainEqual({ ...model, project: "weather" });
  const task = `${life.run}/train`;
  expect(new Set(artifacts.lineage)).toEqual(
    new Set([
      { digest: data.digest, project: "weather", task, produced: false },
      { digest: model.digest, project: "weather", task, produced: true },
      { digest: log.digest, project: "weather", task, produced: true },
    ]),
  );
});

test("what the cache answered was made by another run", () => {
  const { artifacts } = given([
    life.task("train", "triggered"),
    life.task("train", "finished", { data: { cached: true, outputs: { model: bytesNamed("model") } } }),
  ]);
  expect(artifacts.lineage).toEqual([]);
});
