import { setTimeout as delay } from "node:timers/promises";
import type { TaskDelivery } from "@jackfield/events/consume-tasks";
import type { BoundConsumer } from "@jackfield/events/handler-consumer";
import { takeTask } from "@jackfield/events/take-task";
import { asProblem } from "@jackfield/problem/problem";
import { askService } from "@jackfield/service/answer";
import { assignmentOf, finishedEvent, startedEvent, type Assignment } from "@jackfield/service/answer-events";
import { takeUp } from "@jackfield/service/take-up";
import type { Taken } from "@jackfield/service/taken";
import { placeOfHandler, register } from "@jackfield/spec/ask/conductor";
import { triggeredData, type TriggeredData } from "@jackfield/spec/event/task";
import type { GatewayParts } from "../door-parts.ts";
import { taskTokenFor, traceOf } from "../pull-door.ts";
import { deliverTask, erred, type Delivered } from "./deliver-task.ts";
import type { HandlerStore, WebhookRow } from "./handler-store.ts";
import type { HeldTasks } from "./held-tasks.ts";
import { reachTarget, type Target } from "./post-to.ts";

/** What all webhooks of a gateway share. */
export interface WebhookPlace {
  parts: GatewayParts;
  store: HandlerStore;
  held: HeldTasks;
  taken: Taken;
  instance: string;
  target: (url: string) => Target;
  secretOf: (key: string) => string;
  /** Where the task door is. */
  gatewayUrl: () => string;
}

const waitMs = 30_000;
const usualBeatMs = 5_000;
const absentBeatMs = 1_000;

/**
 * Stands in for one handler: registers in its name as long as its target can be reached, takes its tasks and posts them.
 * So while nobody is there, tasks wait and no attempt is spent.
 */
export class WebhookWorker {
  readonly row: WebhookRow;
  readonly #place: WebhookPlace;
  readonly #leaving = new AbortController();
  #consumers: BoundConsumer[] | undefined;
  /** The target said that it is gone; until the table says so too, nothing is taken for it. */
  #gone = false;
  #loops: Promise<unknown> = Promise.resolve();

  constructor(place: WebhookPlace, row: WebhookRow) {
    this.#place = place;
    this.row = row;
    this.#loops = Promise.all([
      this.#stay(),
      ...Array.from({ length: row.concurrency }, () => this.#takeTasks()),
    ]);
  }

  /** Stops taking, hands back what is at work, and says goodbye. */
  async close(): Promise<void> {
    this.#leaving.abort();
    await this.#loops;
    await this.#say(true).catch(() => undefined);
  }

  get #target(): Target {
    return this.#place.target(this.row.url);
  }

  async #stay(): Promise<void> {
    const { signal } = this.#leaving;
    while (!signal.aborted) {
      const beatMs = (await this.#isThere()) ? await this.#register() : absentBeatMs;
      await delay(beatMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Nobody there: whoever gives out tasks is told, once. */
  async #isThere(): Promise<boolean> {
    if (this.#gone) return false;
    try {
      await reachTarget(this.#target);
      return true;
    } catch (thrown) {
      if (this.#consumers !== undefined) {
        this.#consumers = undefined;
        const { code, why, message } = asProblem(thrown);
        const { name, url } = this.row;
        this.#place.parts.log.warn({ event: "webhook.absent", handler: name, url, code, why }, message);
        await this.#say(true).catch(() => undefined);
      }
      return false;
    }
  }

  async #register(): Promise<number> {
    try {
      const { consumers, everySeconds } = await this.#say(false);
      this.#consumers = consumers;
      return everySeconds * 1_000;
    } catch {
      // The conductor is away; what is registered stays so.
      return usualBeatMs;
    }
  }

  #say(leaving: boolean) {
    const { name, version, contracts, concurrency } = this.row;
    const project = this.row.project === "*" ? null : this.row.project;
    const { instance, parts } = this.#place;
    const said = { handler: name, version, contracts, project, instance };
    return askService(
      parts.events,
      register,
      { ...said, concurrency: leaving ? 0 : concurrency, leaving },
      { name: placeOfHandler(project, name), timeoutMs: 3_000 },
    );
  }

  async #takeTasks(): Promise<void> {
    const { signal } = this.#leaving;
    const { events, log } = this.#place.parts;
    while (!signal.aborted) {
      const consumers = this.#consumers;
      if (consumers === undefined) {
        await delay(100, undefined, { signal }).catch(() => undefined);
        continue;
      }
      try {
        const onBad = ({ detail }: { detail: string }, subject: string): void =>
          log.error({ event: "delivery.refused", subject, why: detail }, "this may not count");
        const delivery = await takeTask(events, consumers, { waitMs, signal, onBad });
        if (delivery !== undefined) await this.#handle(delivery);
      } catch (thrown) {
        log.warn({ event: "webhook.interrupted", handler: this.row.name }, asProblem(thrown).message);
        await delay(absentBeatMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #handle(delivery: TaskDelivery): Promise<void> {
    const { parts, instance, taken } = this.#place;
    const assignment = assignmentOf(delivery.event, instance);
    const data = triggeredData.safeParse(delivery.event.data).data;
    if (assignment === undefined || data === undefined) {
      delivery.ack();
      return;
    }
    // Not taken up, it comes again: nobody has spent an attempt on it.
    if (!(await this.#isThere())) return;
    const trace = traceOf(delivery.event);
    const started = startedEvent(assignment, now(), trace);
    const start = () => parts.publisher.publish(started, { untilAccepted: true });
    const signal = this.#leaving.signal;
    if (!(await takeUp(delivery, { events: parts.events, assignment, data, start, signal, taken }))) return;
    await this.#settle(assignment, data, await this.#deliver(assignment, data));
  }

  async #deliver(assignment: Assignment, data: TriggeredData): Promise<Delivered> {
    const { parts, secretOf, gatewayUrl } = this.#place;
    const { key, previous_key: previous } = this.row;
    const message = {
      assignment,
      limits: data.limits,
      token: taskTokenFor(assignment, data, parts).token,
      taskUrl: `${gatewayUrl()}/v1/tasks/${encodeURIComponent(assignment.task)}`,
      secrets: [key, ...(previous === null ? [] : [previous])].map(secretOf),
    };
    const delivering = { target: this.#target, message, leaving: this.#leaving.signal };
    return deliverTask(parts, delivering).catch((thrown: unknown) => ({
      kind: "ended" as const,
      ended: erred(asProblem(thrown)),
    }));
  }

  async #leave(): Promise<void> {
    this.#gone = true;
    this.#consumers = undefined;
    await this.#place.store.disable(this.row, "it answered 410 Gone");
    await this.#say(true).catch(() => undefined);
  }

  async #settle(assignment: Assignment, { limits }: TriggeredData, delivered: Delivered): Promise<void> {
    const { parts, held } = this.#place;
    if (delivered.kind === "later") {
      if (!this.row.heartbeat) await held.hold(assignment, limits);
      return;
    }
    if (delivered.kind === "gone") await this.#leave();
    const said = { time: now(), trace: traceOf(assignment.triggered) };
    await parts.publisher.publish(finishedEvent(assignment, delivered.ended, said), { untilAccepted: true });
  }
}

const now = (): string => new Date().toISOString();
