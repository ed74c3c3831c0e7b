import { deferred, type Deferred } from "@nats-io/transport-node";
import type { Outgoing } from "@jackfield/events/outgoing";
import type { Published, Publisher } from "@jackfield/events/publish";
import { Problem } from "@jackfield/problem/problem";
import { openLog } from "@jackfield/service/log";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { longType } from "@jackfield/spec/event/type";
import { expect, test } from "vitest";
import { Outbox } from "./outbox.ts";

/** An outbox on a stream that the test plays: it takes and refuses what is sent when it is told to. */
function bench() {
  const sent: { id: string; answer: Deferred<Published> }[] = [];
  const send = ({ body }: Outgoing): Promise<Published> => {
    const { id } = JSON.parse(Buffer.from(body).toString()) as CloudEvent;
    const answer = deferred<Published>();
    sent.push({ id, answer });
    return answer;
  };
  const refusals: string[] = [];
  const means = {
    events: { subjectRoot: "evt", secret: "" },
    publisher: { send } as Publisher,
    log: openLog({ service: "conductor", level: "silent" }),
  };
  const outbox = new Outbox(means, () => refusals.push("refused"));
  return { outbox, sent, refusals, ids: () => sent.map(({ id }) => id) };
}

const taken: Published = { position: { epoch: 1, sequence: 1 }, duplicate: false };
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const said = (short: string, id: string, parts: Partial<CloudEvent> = {}): CloudEvent => ({
  specversion: "1.0",
  id,
  source: "/jackfield/conductor",
  type: longType(short),
  project: "weather",
  run: "r",
  data: {},
  ...parts,
});
const limits = { startSeconds: 30, leaseSeconds: 60, finishSeconds: 60, attempts: 3 };
const triggered = (inputs: object): CloudEvent =>
  said("train.triggered", "r/train/acme/1/triggered", {
    subject: "r/train",
    handler: "acme",
    role: "primary",
    attempt: 1,
    data: { inputs, limits, cachekey: `sha256:${"1".repeat(64)}`, handlerversion: "1" },
  });
const large = "x".repeat(70_000);

test("a task whose inputs no event can hold ends with the reason, and nobody is asked", () => {
  const { outbox } = bench();
  const [asked, ended] = outbox.add([triggered({ note: large })]);
  expect(asked).toMatchObject({ id: "r/train/acme/1/triggered", data: { inputs: {} } });
  expect(asked?.handler).toBeUndefined();
  expect(ended).toMatchObject({
    id: "r/train/acme/1/finished",
    type: longType("train.finished"),
    triggeredid: "r/train/acme/1/triggered",
    status: "errored",
    data: { retry: false, problem: { code: "E_TOO_LARGE" } },
  });
  expect(outbox.unsaved()).toHaveLength(2);
  expect(outbox.add([triggered({ note: large })])).toEqual([]);
});

test("a run that cannot be started is refused, and one that cannot be ended in full ends without its details", () => {
  const { outbox } = bench();
  const end = { outcome: "fail", verdict: "none", tasks: { total: 1, cached: 0 }, workSeconds: 1 };
  const because = { task: "r/train", message: large };
  const [refused, ended, none] = outbox.add([
    said("run.started", "r/1/started", { data: { note: large } }),
    said("run.finished", "r/1/finished", { status: "succeeded", data: { ...end, because } }),
    said("model.published", "r/1/published", { data: { note: large } }),
  ]);
  expect(refused).toMatchObject({
    type: longType("run.refused"),
    data: { problem: { code: "E_TOO_LARGE" } },
  });
  expect(ended).toMatchObject({ id: "r/1/finished", data: { ...end, because: { task: "r/train" } } });
  expect(none).toBeUndefined();
});

test("after a start what was left is published in its order; what no event can hold goes, with its end instead", () => {
  const { outbox, ids } = bench();
  const rows = [
    said("run.paused", "r/1/paused"),
    triggered({ note: large }),
    said("run.resumed", "r/2/resumed"),
  ];
  outbox.restore(rows.map((event, index) => ({ n: index + 7, text: JSON.stringify(event) })));
  expect(ids()).toEqual(["r/1/paused", "r/2/resumed"]);
  expect(outbox.takeOver()).toEqual([8]);
  expect(outbox.unsaved().map(({ n }) => n)).toEqual([10, 11]);
});

test("what the stream refuses for ever is ended, what it could not take yet stays", async () => {
  const { outbox, sent, refusals } = bench();
  outbox.add([triggered({}), said("run.paused", "r/1/paused")]);
  outbox.publishSaved();
  sent[0]?.answer.reject(new Problem("E_BROKEN", "The stream refuses an event: it is too large."));
  sent[1]?.answer.reject(new Problem("E_STORE_DOWN", "The connection was closed."));
  await settled();
  expect(refusals).toEqual(["refused"]);
  expect(outbox.takeOver()).toEqual([1]);
  expect(outbox.unsaved().map(({ text }) => (JSON.parse(text) as CloudEvent).id)).toEqual([
    "r/train/acme/1/triggered",
    "r/train/acme/1/finished",
  ]);
  expect(outbox.has("r/1/paused")).toBe(true);
});

test("an end that we say ourselves leaves only when the stream has its beginning", async () => {
  const { outbox, sent, ids } = bench();
  const finished = said("train.finished", "r/train/acme/1/finished", {
    triggeredid: "r/train/acme/1/triggered",
  });
  outbox.add([triggered({}), finished]);
  outbox.publishSaved();
  await settled();
  expect(ids()).toEqual(["r/train/acme/1/triggered"]);
  sent[0]?.answer.resolve(taken);
  await settled();
  expect(ids()).toEqual(["r/train/acme/1/triggered", "r/train/acme/1/finished"]);
});

test("a decision that is read back in the batch in which it is made again is neither written nor published", () => {
  const { outbox, ids } = bench();
  const [forgotten, fresh] = [said("run.started", "one"), said("run.started", "other")];
  outbox.add([forgotten, fresh]);
  expect(outbox.readBack(forgotten)).toBeUndefined();
  expect(outbox.unsaved()).toHaveLength(1);
  outbox.publishSaved();
  expect(ids()).toEqual(["other"]);
  expect(outbox.readBack(fresh)).toBe(2);
  expect(outbox.size).toBe(0);
});
