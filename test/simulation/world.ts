import type { Lists } from "@jackfield/lifecycle/story-foreach";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { Agenda } from "./agenda.ts";
import { Conductor } from "./conductor.ts";
import { Database } from "./database.ts";
import { Durable } from "./durable.ts";
import { drawFaults, healed, type BrokenRule, type Faults } from "./faults.ts";
import { Instance } from "./handler.ts";
import { judge } from "./judge.ts";
import { Liar } from "./liar.ts";
import { People } from "./people.ts";
import { planHandlers, type HandlerPlan } from "./plant.ts";
import type { Process } from "./process.ts";
import { Random } from "./random.ts";
import type { Conducts, Scene } from "./scene.ts";
import { Stream } from "./stream.ts";
import { Tracker } from "./tracker.ts";
import { Truth } from "./truth.ts";
import { messageOf, type Connection, type Net } from "./wire.ts";

/** Whatever was not over by then never will be. */
const mostMs = 1_800_000;
const beginMs = Date.UTC(2026, 0, 1);

type Member = Process & { connection: Connection };

/** Everything that a seed makes: one stream, its processes, and what goes wrong. */
export class World implements Scene {
  readonly agenda = new Agenda();
  readonly random: Random;
  readonly stream = new Stream(this.agenda);
  readonly net: Net;
  readonly drawn: Faults;
  readonly broken: BrokenRule | undefined;
  readonly database = new Database();
  readonly lists: Lists = new Map();
  readonly lock: { holder: Conducts | undefined; beatMs: number } = { holder: undefined, beatMs: 0 };
  readonly truth = new Truth();
  readonly tracker: Tracker;
  /** What publishers were told is in the stream. */
  readonly acknowledged: [sequence: number, messageId: string][] = [];
  /** The faults stop after this time. */
  readonly faultsMs: number;
  readonly conductors: Conductor[] = [];
  readonly #instances: { plan: HandlerPlan; durable: Durable; instance: Instance }[] = [];
  readonly #people: People;
  #tracked = 0;
  #isOver = false;
  #born = 0;

  constructor(seed: number, broken?: BrokenRule) {
    this.random = new Random(seed);
    this.broken = broken;
    const drawn = drawFaults(this.random);
    // Only who is stopped has leases to renew.
    this.drawn = broken === "no-renewal" ? { ...drawn, freezeConductorMs: 6_000, unheard: 0 } : drawn;
    this.net = { stream: this.stream, random: this.random, faults: this.drawn };
    this.faultsMs = this.random.between(10_000, 60_000);
    this.tracker = new Tracker(broken === "last-finished");
    this.stream.windowMs = this.drawn.windowMs;
    for (let n = this.random.between(1, 2); n > 0; n -= 1) this.#conductor();
    for (const plan of planHandlers(this.random)) this.#handler(plan);
    this.#people = new People(this);
    for (let n = 0; n < this.drawn.liars; n += 1) new Liar(this, `liar-${n}`);
    this.stream.onStored(() => this.#stored());
    this.#plague();
    this.agenda.after(this.faultsMs, () => this.#heal());
  }

  /** Lets everything happen, then judges; what is wrong is in `truth`. */
  run(): this {
    const rests = this.agenda.run(() => this.#isOver || this.truth.wrongs.length > 0, mostMs);
    this.#track(Infinity);
    if (!rests) this.truth.wrong(`it did not come to rest in ${mostMs / 60_000} virtual minutes`);
    if (this.truth.wrongs.length === 0 || !rests) judge(this);
    return this;
  }

  now(): string {
    return new Date(beginMs + this.agenda.nowMs).toISOString();
  }

  /** What a publisher may rely on from the answer on. */
  acknowledge(event: CloudEvent, secret: string): (sequence: number) => void {
    const { messageId } = messageOf(event, secret);
    return (sequence) => this.acknowledged.push([sequence, messageId]);
  }

  #conductor(): void {
    this.#born += 1;
    this.conductors.push(new Conductor(this, `conductor-${this.#born}`));
  }

  #handler(plan: HandlerPlan): void {
    const { handler } = plan.description;
    const durable = new Durable(this.agenda, this.stream, ({ subject }) => {
      const [, , addressee, ...type] = subject.split(".");
      return addressee === handler && type.includes("triggered");
    });
    for (let n = plan.instances; n > 0; n -= 1)
      this.#instances.push({ plan, durable, instance: this.#instance(plan, durable) });
  }

  #instance(plan: HandlerPlan, durable: Durable): Instance {
    this.#born += 1;
    return new Instance(this, plan, { name: `${plan.description.handler}-${this.#born}`, durable });
  }

  #stored(): void {
    for (const conductor of this.conductors)
      if (conductor.isAlive) conductor.after(this.random.between(0, 3), () => conductor.noticed());
    const { subject } = this.stream.messages.at(-1) ?? { subject: "" };
    const [, , addressee] = subject.split(".");
    for (const { instance } of this.#instances) if (instance.handler === addressee) instance.noticed();
    if (this.random.chance(0.1)) this.#track(this.random.between(1, 30));
  }

  #track(most: number): void {
    const batch = this.stream.after(this.#tracked, most);
    this.tracker.fold(batch.map(({ entry }) => entry));
    this.#tracked += batch.length;
  }

  /** Plans what goes wrong, again and again until the faults stop. */
  #plague(): void {
    const { random, drawn } = this;
    const someone = (): Member =>
      random.pick<Member>([
        this.#people,
        ...this.conductors,
        ...this.#instances.map(({ instance }) => instance),
      ]);
    const instance = (): Instance | undefined => random.shuffled(this.#instances)[0]?.instance;
    const conductor = (): Conductor | undefined => random.shuffled(this.conductors)[0];
    const breakMs = (): number => random.between(100, 8_000);
    this.#every(drawn.killConductorMs, () => conductor()?.kill());
    this.#every(drawn.killHandlerMs, () => instance()?.kill());
    this.#every(drawn.freezeConductorMs, () => conductor()?.stop(random.between(1_000, 40_000)));
    this.#every(drawn.freezeHandlerMs, () => instance()?.stop(random.between(1_000, 70_000)));
    this.#every(drawn.disconnectMs, () => someone().connection.break(breakMs()));
    this.#every(drawn.forgetMs, () => this.#forget());
    this.#every(drawn.outageMs, () => {
      this.database.isAway = true;
      this.agenda.after(random.between(500, 10_000), () => (this.database.isAway = false));
    });
    this.#revive();
  }

  #every(ms: number | undefined, what: () => void): void {
    if (ms === undefined) return;
    this.agenda.after(this.random.between(ms / 2, ms * 1.5), () => {
      if (this.net.faults !== this.drawn) return;
      what();
      this.#every(ms, what);
    });
  }

  /** The server was killed: everybody connects again, and deliveries are forgotten. */
  #forget(): void {
    for (const { instance } of this.#instances) instance.connection.break(50);
    for (const conductor of this.conductors) conductor.connection.break(50);
    for (const { durable } of this.#instances) durable.forget();
  }

  /** Who died is started again. */
  #revive(): void {
    this.agenda.after(this.random.between(200, 3_000), () => {
      for (const [index, { isAlive }] of this.conductors.entries()) {
        if (isAlive) continue;
        this.conductors.splice(index, 1);
        this.#conductor();
      }
      for (const member of this.#instances) {
        if (!member.instance.isAlive) member.instance = this.#instance(member.plan, member.durable);
      }
      this.#revive();
    });
  }

  #heal(): void {
    this.net.faults = healed(this.drawn);
    for (const { instance } of this.#instances) instance.goOn();
    for (const conductor of this.conductors) conductor.goOn();
    this.#watch();
  }

  /** Is everything that was asked for over? */
  #watch(): void {
    this.agenda.after(2_000, () => {
      const { database, stream } = this;
      const isRead = database.position === stream.end && database.outbox.length === 0;
      if (isRead && this.#isDone()) this.#isOver = true;
      else {
        this.#people.resumeAll();
        this.#watch();
      }
    });
  }

  #isDone(): boolean {
    const rows = this.lock.holder?.desk?.rows;
    if (rows === undefined) return false;
    const { runs, asks } = rows;
    const isOver = ({ status }: { status: string }): boolean =>
      ["finished", "refused", "done", "skipped"].includes(status);
    return [...runs.values(), ...asks.values()].every(isOver);
  }
}
