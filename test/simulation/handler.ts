import type { Outcome } from "@jackfield/spec/event/outcome";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { FinishedData } from "@jackfield/spec/event/task";
import { answer, started } from "@jackfield/lifecycle/story-events";
import { ask, greet, lease, type Lease } from "./control.ts";
import type { Delivery, Durable } from "./durable.ts";
import type { HandlerPlan } from "./plant.ts";
import { Process } from "./process.ts";
import { Connection } from "./wire.ts";
import type { Scene } from "./scene.ts";

const registerMs = 2_000;
const leaseMs = 5_000;
const askAgainMs = 1_000;
/** Within this time nobody else is given what was delivered to us. */
const oursForMs = 5_000;
const startMs = 30_000;
const crashes = 0.02;

interface Taken {
  delivery: Delivery;
  triggered: CloudEvent;
  takenMs: number;
  isDoubtful: boolean;
}

/**
 * One process of a handler: `started` is stored, then the delivery acknowledged, then the work done. What may be in other
 * hands is asked about before it and after. It may die between any two of these.
 */
export class Instance extends Process {
  readonly connection: Connection;
  readonly #world: Scene;
  readonly #plan: HandlerPlan;
  readonly #durable: Durable;
  readonly #taken = new Set<string>();
  #busy = 0;

  constructor(world: Scene, plan: HandlerPlan, { name, durable }: { name: string; durable: Durable }) {
    super(world.agenda, name);
    this.#world = world;
    this.#plan = plan;
    this.#durable = durable;
    this.connection = new Connection(this, world.net);
    this.after(0, () => this.#register());
    this.after(0, () => this.#pullLater());
  }

  get handler(): string {
    return this.#plan.description.handler;
  }

  /** The server may have something for it. */
  noticed(): void {
    this.after(this.connection.latencyMs(), () => this.#pull());
  }

  #register(): void {
    const { description, concurrency } = this.#plan;
    const again = (): void => this.after(registerMs, () => this.#register());
    ask(this.#world, this, greet({ description, instance: this.name, concurrency }), again);
  }

  #pullLater(): void {
    this.#pull();
    this.after(askAgainMs, () => this.#pullLater());
  }

  #pull(): void {
    while (this.connection.isUp && this.#busy < this.#plan.concurrency) {
      const delivery = this.#durable.pull();
      if (delivery === undefined) return;
      this.#busy += 1;
      // It was pulled for a worker; what is lost on the way is delivered again.
      this.after(this.connection.latencyMs(), () => {
        if (this.connection.isUp) this.#take(delivery);
        else this.#free();
      });
    }
  }

  #free(): void {
    this.#busy -= 1;
    this.#pull();
  }

  #take(delivery: Delivery): void {
    const { nowMs } = this.agenda;
    const { entry, storedMs } = delivery.stored;
    const triggered = entry.event;
    const { broken } = this.#world;
    if (triggered === undefined || (this.#taken.has(triggered.id) && broken !== "ack-after-work")) {
      this.#ack(delivery);
      this.#free();
      return;
    }
    this.#taken.add(triggered.id);
    const isRedelivered = delivery.count > 1 || storedMs <= this.connection.connectedMs;
    const isDoubtful = isRedelivered || nowMs - storedMs > startMs;
    const taken = { delivery, triggered, takenMs: nowMs, isDoubtful };
    if (broken === "ack-after-work") {
      this.#work(taken);
      return;
    }
    if (!isDoubtful) {
      this.#start(taken);
      return;
    }
    this.#mayBegin(taken, (begins) => {
      if (begins) {
        this.#start(taken);
        return;
      }
      this.#ack(delivery);
      this.#drop(taken);
    });
  }

  #start(taken: Taken): void {
    if (this.#crashes()) return;
    this.connection.publish(started(taken.triggered, this.name), () => {
      if (this.#crashes()) return;
      this.#ack(taken.delivery);
      const isLate =
        this.agenda.nowMs - taken.takenMs > oursForMs || this.connection.connectedMs >= taken.takenMs;
      if (!taken.isDoubtful && !isLate) {
        this.#work(taken);
        return;
      }
      this.#mayBegin(taken, (begins) => (begins ? this.#work(taken) : this.#drop(taken)));
    });
  }

  #drop({ triggered }: Taken): void {
    this.#taken.delete(triggered.id);
    this.#free();
  }

  #ack(delivery: Delivery): void {
    const { random, net } = this.#world;
    if (this.connection.isUp && !random.chance(net.faults.lost)) this.#durable.ack(delivery);
  }

  #mayBegin(taken: Taken, then: (begins: boolean) => void): void {
    this.#askLease(taken.triggered, (answered) => {
      if (answered !== undefined) {
        then(answered === "go");
        return;
      }
      if (this.connection.isUp) this.#durable.working(taken.delivery);
      this.after(askAgainMs, () => this.#mayBegin(taken, then));
    });
  }

  #askLease(
    { subject: task = "", id, attempt = 1 }: CloudEvent,
    then: (answer: Lease | undefined) => void,
  ): void {
    const asked = { task, triggeredid: id, attempt, instance: this.name };
    ask(this.#world, this, lease(asked), then);
  }

  #work(taken: Taken): void {
    const { triggered, delivery } = taken;
    const { truth, random, net } = this.#world;
    if (this.#crashes()) return;
    truth.executes(triggered.id, this);
    let isOver = false;
    const end = (outcome: Outcome, data: FinishedData = {}): void => {
      if (isOver || this.#crashes()) return;
      isOver = true;
      truth.ended(triggered.id);
      const finished = answer(triggered, outcome, data);
      this.connection.publish(finished, () => {
        if (this.#world.broken === "ack-after-work") this.#ack(delivery);
      });
      if (!this.#crashes()) this.#free();
    };
    const keepLease = (): void => {
      if (isOver) return;
      this.#askLease(triggered, (answered) => {
        if (answered === "abort" || answered === "prune") end("aborted");
        else if (answered === "stale") end("errored");
      });
      this.after(leaseMs, keepLease);
    };
    this.after(leaseMs, keepLease);
    const errs = random.chance(net.faults.errors);
    this.after(this.#workMs(), () => (errs ? end("errored", { retry: true }) : end(this.#verdict())));
  }

  #workMs(): number {
    const { random, net } = this.#world;
    if (random.chance(net.faults.slow)) return random.between(65_000, 90_000);
    return random.chance(0.1) ? random.between(10_000, 40_000) : random.between(1, 2_000);
  }

  #verdict(): Outcome {
    return this.#world.random.pick(["pass", "pass", "pass", "pass", "pass", "pass", "warning", "fail"]);
  }

  /** A handler dies between any two steps. */
  #crashes(): boolean {
    const { random, net } = this.#world;
    if (net.faults.killHandlerMs === undefined || !random.chance(crashes)) return false;
    this.kill();
    return true;
  }
}
