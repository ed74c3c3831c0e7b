import { askKey, askOfTriggered, type Ask, type OpenAsk } from "@jackfield/lifecycle/asks";
import { registration } from "@jackfield/lifecycle/handlers";
import { isAborted } from "@jackfield/lifecycle/runs";
import { isOpen, type OpenTask, type Task } from "@jackfield/lifecycle/tasks";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { HandlerDescription } from "@jackfield/spec/facts/handler";
import type { Desk } from "./desk.ts";
import type { Process } from "./process.ts";
import type { Connection } from "./wire.ts";
import type { Conducts, Scene } from "./scene.ts";

export type Lease = "go" | "abort" | "prune" | "stale";

export interface LeaseQuestion {
  task: string;
  triggeredid: string;
  attempt: number;
  instance: string;
}

export interface Greeting {
  description: HandlerDescription;
  instance: string;
  concurrency: number;
}

/** How long whoever asks waits for an answer. */
const answerMs = 3_000;

type Asker = Process & { connection: Connection };
type Question<Answer> = (conductor: Conducts, reply: (answer: Answer) => void) => void;

/** Asks every conductor that believes to be active; the first answer is taken, `undefined` when none came in time. */
export function ask<Answer>(
  world: Scene,
  asker: Asker,
  question: Question<Answer>,
  then: (answer: Answer | undefined) => void,
): void {
  const { random, net } = world;
  let isOver = false;
  const settle = (answer: Answer | undefined): void => {
    if (isOver) return;
    isOver = true;
    then(answer);
  };
  const travelMs = (): number => random.next() * net.faults.latencyMs;
  asker.after(answerMs, () => settle(undefined));
  if (!asker.connection.isUp || random.chance(net.faults.unheard)) {
    asker.soundSinceMs = world.agenda.nowMs + answerMs;
    return;
  }
  for (const conductor of world.conductors) {
    conductor.after(travelMs(), () => {
      if (!conductor.connection.isUp) return;
      question(conductor, (answer) => asker.after(travelMs(), () => settle(answer)));
    });
  }
}

/** May this attempt go on, or begin? The same rules as in the conductor's answer; those need no stream of their own. */
export const lease =
  (asked: LeaseQuestion): Question<Lease> =>
  (conductor, reply) => {
    const { desk } = conductor;
    if (desk === undefined) return;
    const task = openTask(conductor, asked);
    if (task?.status === "triggered" || (task === undefined && desk.outbox.has(asked.triggeredid))) {
      conductor.readToTheEnd(() => reply(answerFor(conductor, asked)));
    } else reply(answerFor(conductor, asked));
  };

function answerFor(conductor: Conducts, asked: LeaseQuestion): Lease {
  const { desk } = conductor;
  const task = openTask(conductor, asked);
  if (desk === undefined || task === undefined) return whyOver(conductor, asked);
  const run = desk.rows.runs.get(task.run);
  if (run !== undefined && isAborted(run)) return "abort";
  if ("pruned" in task) return "prune";
  if (task.status === "started" && task.instance !== undefined && task.instance !== asked.instance)
    return "stale";
  const heard = desk.atWork.heard.get("role" in task ? askKey(task.id, task.handler) : task.id);
  if (heard !== undefined) heard.leasedMs = desk.nowMs;
  return "go";
}

function whyOver({ desk }: Conducts, { task: id, triggeredid, attempt }: LeaseQuestion): Lease {
  const ended = desk?.rows.asks.get(askOfTriggered(triggeredid)) ?? desk?.rows.tasks.get(id);
  const isAbort = ended?.status === "done" && ended.outcome === "aborted" && ended.attempt === attempt;
  return isAbort ? "abort" : "stale";
}

function openTask({ desk }: Conducts, asked: LeaseQuestion): OpenTask | OpenAsk | undefined {
  const isMeant = (row: Task | Ask | undefined): row is OpenTask | OpenAsk =>
    row !== undefined &&
    isOpen(row) &&
    row.triggeredid === asked.triggeredid &&
    row.attempt === asked.attempt;
  const found = desk?.rows.tasks.get(asked.task);
  const one = isMeant(found) ? found : desk?.rows.asks.get(askOfTriggered(asked.triggeredid));
  return isMeant(one) ? one : undefined;
}

/** Here I am, with so many workers. */
export const greet =
  (greeting: Greeting): Question<"welcome"> =>
  (conductor, reply) => {
    const { desk } = conductor;
    if (desk === undefined) return;
    const isNew = desk.live.greet({ ...greeting, leaving: false }, desk.nowMs);
    const say = ({ rows }: Desk, now: string): CloudEvent[] => {
      const fact = registration(rows, greeting.description, now);
      return fact === undefined ? [] : [fact];
    };
    if (isNew || say(desk, "").length > 0) conductor.decideNow(say);
    reply("welcome");
  };
