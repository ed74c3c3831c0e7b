import { z } from "zod";
import { finishedEvent, startedEvent, type Assignment } from "@jackfield/service/answer-events";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType } from "@jackfield/spec/event/type";
import { train } from "@jackfield/spec/train";
import type { Manner } from "./liar.ts";

const now = (): string => new Date().toISOString();

const outputs = z.record(z.string(), z.unknown()).parse(train.example.output);

const started = (task: Assignment): CloudEvent => startedEvent(task, now(), {});

const finished = (task: Assignment): CloudEvent =>
  finishedEvent(task, { status: "succeeded", result: "pass", data: { outputs } }, { time: now(), trace: {} });

const honest: Manner = async (liar, task) => {
  await liar.say(started(task));
  await liar.say(finished(task));
};

/** Says something that belongs to somebody else before it answers as it should. */
const first =
  (
    what: string,
    lie: (honest: CloudEvent, task: Assignment) => Partial<CloudEvent>,
    subject?: string,
  ): Manner =>
  async (liar, task) => {
    await liar.say(started(task));
    const answer = finished(task);
    await liar.lie(what, { ...answer, ...lie(answer, task) }, subject);
    await liar.say(answer);
  };

const whereSpeaks = (handler: string): string =>
  `evt.faults.${handler}.${eventType("train", "finished", "1.0.0")}`;

const twice: Manner = async (liar, task) => {
  await liar.say(started(task));
  const answer = finished(task);
  await liar.say(answer);
  await liar.say(answer);
};

const twiceAndOtherwise: Manner = async (liar, task) => {
  await honest(liar, task);
  await liar.lie("the same answer with other content", { ...finished(task), result: "fail" });
};

const againUnderAnotherId: Manner = async (liar, task) => {
  await honest(liar, task);
  await liar.say({ ...finished(task), id: `${task.task}/liar/1/again`, result: "fail" });
};

const withoutStarting: Manner = async (liar, task) => {
  await liar.say(finished(task));
  await liar.say(started(task));
};

const afterTheTimeout: Manner = async (liar, task) => {
  await liar.say(started(task));
  await liar.faults.world.happened("train.finished", (event) => event.triggeredid === task.triggered.id);
  await liar.say(finished(task));
};

const forTheTaskBefore: Manner = async (liar, task) => {
  await liar.say(started(task));
  const { run } = task.triggered;
  const asked = await liar.faults.world.happened("split.triggered", (event) => event.run === run);
  const { id: triggeredid, subject } = asked;
  if (subject === undefined) throw new Error("split has no task");
  const id = `${subject}/liar/1/finished`;
  await liar.lie("an answer to what steps was asked", { ...finished(task), id, subject, triggeredid });
  await liar.say(finished(task));
};

const nonsense: Manner = async (liar, task) => {
  await liar.say({ ...finished(task), data: { outputs: 5, retry: "perhaps" } });
};

/** In every one of these manners a handler answers once; from the last one on, as it should. */
export const manners: readonly Manner[] = [
  twice,
  twiceAndOtherwise,
  againUnderAnotherId,
  withoutStarting,
  afterTheTimeout,
  forTheTaskBefore,
  nonsense,
  first("an answer to what nobody asked", () => ({ id: "nobody/finished", triggeredid: "nobody/triggered" })),
  first("an answer of another attempt", ({ id }) => ({ id: `${id}/2`, attempt: 2 })),
  first("an answer of another capability", () => ({ type: eventType("split", "finished", "1.0.0") })),
  first("an answer as another source", () => ({ source: "/jackfield/handlers/steps" }), whereSpeaks("liar")),
  first("an answer where another speaks", () => ({}), whereSpeaks("steps")),
  first("a decision", ({ id }) => ({
    id: `${id}/decided`,
    type: eventType("train", "triggered", "1.0.0"),
  })),
  honest,
];
