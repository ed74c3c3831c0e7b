// The checker must be able to say no: each story breaks one thing in a small world that keeps every rule.
import { expect, test } from "vitest";
import { judge } from "./check.ts";
import { contentOf, keyOf, type Event, type Message } from "./envelope.ts";
import {
  answered,
  at,
  did,
  given,
  inOrder,
  messageOf,
  ordinary,
  place,
  run,
  said,
  story,
  storesOf,
  task,
  triggered,
  withhold,
  type Broken,
} from "./fixture.ts";
import { brokenIn, printVerdict, type Invariant } from "./verdict.ts";

/** What is said against each broken invariant. */
function faultsIn(broken: Broken): Partial<Record<Invariant, string[]>> {
  const verdict = judge(given(broken));
  const found = verdict.judgements.filter(({ against }) => against.length > 0);
  return Object.fromEntries(found.map(({ invariant, against }) => [invariant, against]));
}

/** The story with more events behind it; `kept` says whether the tracker took them. */
function followedBy(...more: Event[]): { messages: Message[]; stores: ReturnType<typeof storesOf> } {
  const messages = [...story(), ...more].map(inOrder);
  return { messages, stores: storesOf(messages) };
}

test("a world that keeps every rule is judged so, and everything was looked at", () => {
  const verdict = judge(given());
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
  expect(verdict.judgements.filter(({ looked }) => looked === 0)).toEqual([]);
});

test("I1: an event of the stream that the log lacks", () => {
  const { messages, stores } = followedBy();
  stores.tracker.kept.pop();
  expect(faultsIn({ messages, stores })).toMatchObject({
    I1: [`${run}/1/finished is in the stream at ${at(6)} and not in the log`],
  });
});

test("I1: an acknowledged event that is nowhere", () => {
  const lost = said("run.requested", { id: "q2", source: "/ci" });
  const publish = { op: "publish", key: keyOf(lost), digest: contentOf(lost), position: at(9) } as const;
  expect(faultsIn({ history: [did({ ...publish, answer: "ok" })] })).toEqual({
    I1: [`story was told that ${keyOf(lost)} is kept; it is not`],
  });
  expect(faultsIn({ history: [did({ ...publish, answer: "unknown" })] })).toEqual({});
});

test("I1: an event that is in the log twice", () => {
  const { messages, stores } = followedBy(answered("finished", { status: "succeeded" }));
  expect(faultsIn({ messages, stores }).I1).toEqual([
    `${task}/boost/1/finished is in the log at ${at(5)} and again at ${at(7)}`,
  ]);
});

const timedOut = answered("finished", { source: "/jackfield/conductor", status: "timedout" });

test("I2: the conductor counts another answer than the stream", () => {
  const { messages, stores } = followedBy(timedOut);
  stores.tracker.late.push({ ...place(7), triggeredid: `${task}/boost/1/triggered` });
  expect(faultsIn({ messages, stores })).toEqual({});
  stores.conductor.tasks[0]!.position = place(7);
  expect(faultsIn({ messages, stores })).toEqual({
    I2: [`the conductor ended ${task} by ${at(7)}, which is no counted answer to it`],
  });
});

test("I2: the tracker counts another answer than the stream, and marks the wrong one late", () => {
  const { messages } = followedBy(timedOut);
  const stores = storesOf(messages, 7);
  stores.conductor.tasks[0]!.position = place(5);
  stores.tracker.late.push({ ...place(5), triggeredid: `${task}/boost/1/triggered` });
  expect(faultsIn({ messages, stores })).toEqual({
    I2: [
      `${task}/boost/1/triggered: the stream counts ${at(5)}, the tracker ${at(7)}`,
      `${at(7)} is late, and not marked so`,
      `${at(5)} is marked late, and is not`,
    ],
  });
});

test("I2: a triggered that nobody answered, and an attempt that began before the one before it ended", () => {
  const messages = [...story().slice(0, 4), triggered(2), ...story().slice(4)].map(inOrder);
  const stores = storesOf(messages, 6);
  expect(faultsIn({ messages, stores }).I2).toEqual([
    `${task}/boost/2/triggered was never answered`,
    `the conductor ended ${task} by an earlier attempt, at ${at(6)}`,
    `${task}/boost/2/triggered came before its predecessor ended`,
  ]);
});

test("I2: a state that comes out otherwise when it is made anew", () => {
  const history = [did({ op: "rebuilt", reader: "tracker", same: false })];
  expect(faultsIn({ history }).I2).toEqual(["the state of tracker is another one than that made anew"]);
});

test("I5: the log took an answer that nobody asked for, or that another handler forged", () => {
  const unasked = answered("finished", { id: "elsewhere", triggeredid: "never/asked" });
  expect(faultsIn(followedBy(unasked)).I5).toEqual([
    `${at(7)} is not in quarantine, though it answers never/asked, which was not asked before`,
    `the log took ${at(7)}, though it answers never/asked, which was not asked before`,
  ]);
  const forged = messageOf(timedOut, 7, `evt.p.boost.${timedOut.type}`);
  const messages = [...story().map(inOrder), forged];
  expect(faultsIn({ messages }).I5).toHaveLength(2);
});

test("I5: an answer in the words of another capability than the question's", () => {
  const otherwise = answered("finished", { type: timedOut.type.replace("train", "split") });
  const messages = [...story().map(inOrder), messageOf(otherwise, 7, `evt.p.boost.${otherwise.type}`)];
  expect(faultsIn({ messages }).I5).toEqual([
    expect.stringContaining("names another task, capability, handler or attempt"),
    expect.stringContaining("the log took"),
  ]);
});

test("I5: what is withheld must be a lie, and every lie withheld", () => {
  const { messages, stores } = followedBy(
    answered("finished", { id: "elsewhere", triggeredid: "never/asked" }),
  );
  withhold(stores, messages[6]!, "no-question");
  const lie = did({ op: "lie", what: "an answer to nothing", position: at(7) });
  expect(faultsIn({ messages, stores, history: [lie] })).toEqual({});
  expect(faultsIn({ messages, stores }).I5).toEqual([
    `nobody lied at ${at(7)}, and it was withheld: no-question, `,
  ]);
  expect(faultsIn({ history: [did({ op: "lie", what: "x", position: at(4) })] }).I5).toEqual([
    `the lie at ${at(4)} was not withheld`,
  ]);
});

test("I6: something is left open, a counter is wrong, a reader is behind", () => {
  const stores = storesOf(story().map(inOrder));
  stores.conductor.position = place(4);
  stores.conductor.outbox.push("{}");
  stores.conductor.tasks.push({ id: `${run}/evaluate`, run, status: "ready" });
  stores.tracker.runs[0]!.state = "running";
  expect(faultsIn({ stores })).toEqual({
    I6: [
      "the conductor has read up to 4 of 6",
      "p-1 is running for the tracker",
      `${run}/evaluate is ready, and its run is over`,
      "p-1 counts 1 tasks and has 2",
      "a decision is still on its way: {}",
    ],
  });
});

const executed = { op: "execute", part: "begin", task, handler: "boost", attempt: 1, instance: "2" } as const;

test("I3: an attempt that is begun twice, or was never asked, and an effect that happens twice", () => {
  const history = [
    ...ordinary,
    did(executed),
    did({ ...executed, attempt: 2 }),
    did({ op: "effect", key: task }),
  ];
  expect(faultsIn({ history })).toEqual({
    I3: [
      `attempt 1 of ${task} by boost happened 2 times: by 1, by 2`,
      `the effect ${task} happened 2 times: by story, by story`,
      `attempt 2 of ${task} by boost was never asked`,
    ],
  });
});

test("I4: a run that ends twice, and work that is asked after its end", () => {
  const again = said("run.finished", { id: `${run}/2/finished`, causationid: `${run}/1/finished` });
  const late = followedBy(again, triggered(2), answered("finished", {}, 2));
  late.stores.conductor.tasks[0]!.position = place(9);
  const triggeredid = `${task}/boost/2/triggered`;
  late.stores.tracker.attempts.push({ triggeredid, finished_epoch: place(9).epoch, finished_sequence: 9 });
  expect(faultsIn(late)).toEqual({
    I4: [
      `${run} ended at ${at(6)} and again at ${at(7)}`,
      `${triggeredid} was asked at ${at(8)}, after its run ended at ${at(6)}`,
    ],
  });
});

test.each([
  ["a run that was over", "pass", "running"],
  ["a verdict", "pass", "fail"],
  ["a task", "1 started", "1 ready"],
  ["a task that was done", "1 done", "2 ready"],
  ["the position", at(5), at(4)],
])("I4: a projection takes back %s", (thing, before, after) => {
  const states = (state: string) => did({ op: "states", of: "tracker", states: { [thing]: state } });
  expect(faultsIn({ history: [states(before), states(after)] })).toEqual({
    I4: [`tracker: ${thing} went from ${before} back to ${after}`],
  });
  expect(faultsIn({ history: [states("1 started"), states("2 ready"), states("2 done")] })).toEqual({});
});

test("I7: an event whose cause is not in the log, or comes after it", () => {
  const messages = story()
    .map((event) => (event.type.includes("run.started") ? { ...event, causationid: "q0" } : event))
    .map((event) =>
      event.type.includes(".triggered.") ? { ...event, causationid: `${run}/1/finished` } : event,
    )
    .map(inOrder);
  expect(faultsIn({ messages })).toEqual({
    I7: [
      `${run}/1/started at ${at(2)} was caused by q0, which is not in the log`,
      `${task}/boost/1/triggered at ${at(3)} came before its cause ${run}/1/finished`,
    ],
  });
});

test("I8: nothing moves for a long time after a fault, or somebody has to help", () => {
  const slow = story().map((event, index) => messageOf(event, index + 1));
  slow.slice(4).forEach((message) => (message.storedMs += 20_000));
  const fault = did({ op: "fault", what: "kill -9 tracker", part: "blow" }, 0.41);
  const help = did({ op: "operator", what: "restarted it" });
  expect(faultsIn({ messages: slow, history: [fault, help] })).toEqual({
    I8: ["after kill -9 tracker: nothing moved for 20.1 s", "story had to help: restarted it"],
  });
  const working = [
    did({ ...executed, instance: "1" }, 0.4),
    did({ ...executed, part: "end", instance: "1" }, 20.4),
  ];
  expect(faultsIn({ messages: slow, history: [working[0]!, fault, working[1]!] })).toEqual({});
});

test("I8: a run never ends after a fault", () => {
  const messages = story().slice(0, 5).map(inOrder);
  const fault = did({ op: "fault", what: "kill -9 tracker", part: "blow" }, 0.41);
  expect(faultsIn({ messages, history: [fault] }).I8).toEqual(["after kill -9 tracker: a run never ended"]);
});

test("a verdict is printed with the first five that contradict", () => {
  const stores = storesOf(story().map(inOrder));
  stores.tracker.kept = [];
  const verdict = judge(given({ stores }));
  expect(brokenIn(verdict)).toEqual(["I1", "I6"]);
  expect(printVerdict(verdict)).toMatch(/✗ I1 .*\n(?: {5}\S.*\n){5} {5}and 1 more\n/);
});
