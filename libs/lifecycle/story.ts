import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { outcomeOf } from "@jackfield/spec/event/outcome";
import { comparePositions } from "@jackfield/spec/event/position";
import { parseType, shortType } from "@jackfield/spec/event/type";
import { decide } from "./decide.ts";
import { evolve } from "./evolve.ts";
import type { Catalogue } from "./facts.ts";
import { Counters } from "./choose-next.ts";
import { limitsIn } from "./config-applied.ts";
import { applyChange } from "./fold-log.ts";
import { commonContract, findHandler } from "./handlers.ts";
import { asksOf } from "./several.ts";
import { giveOut, giveShadows, type Prepared } from "./give-out.ts";
import { noHandler } from "./no-handler.ts";
import { answerForNobody, keyOf, resolveInputs, sourcesOf, type Askable } from "./trigger-task.ts";
import { mayShadow } from "./shadows.ts";
import { decideForeach, itemOf, itemsAhead, type Lists } from "./story-foreach.ts";
import { foreachCapability } from "@jackfield/spec/project/workflow";
import { mayGoOn, type BegunRun, type RunningRun } from "./runs.ts";
import { noRows, type Entry, type Rows } from "./state.ts";
import { isOpen } from "./tasks.ts";

/**
 * A whole conductor in memory, with a log that gives everything back at once and no clock: what stories and simulations
 * run. Handlers that registered are alive with `concurrency` workers each.
 */
export class Story {
  readonly log: CloudEvent[] = [];
  readonly state: Rows = noRows();
  readonly lists: Lists = new Map();
  readonly #catalogue: Catalogue;
  readonly #concurrency: number;
  #pending: CloudEvent[] = [];
  #now = 0;

  constructor(catalogue: Catalogue, { concurrency = 100 }: { concurrency?: number } = {}) {
    this.#catalogue = catalogue;
    this.#concurrency = concurrency;
  }

  /** Puts events into the log, one after the other, and lets each have all its consequences. */
  given(...events: CloudEvent[]): this {
    for (const event of events) {
      this.#pending.push(event);
      this.#settle();
    }
    return this;
  }

  /** Puts events into the log as they lie, consequences after the last; answers with what the conductor said. */
  when(...events: CloudEvent[]): CloudEvent[] {
    const before = this.log.length;
    this.#pending.push(...events);
    this.#settle();
    return this.log.slice(before).filter((event) => !events.includes(event));
  }

  #settle(): void {
    for (let event = this.#pending.shift(); event !== undefined; event = this.#pending.shift()) {
      this.#read(event);
      if (this.#pending.length === 0) this.#publish(this.#giveOut());
      if (this.#pending.length === 0) this.#publish(this.#giveShadows());
    }
  }

  #read(event: CloudEvent): void {
    this.log.push(event);
    const entry: Entry = { event, position: { epoch: 1, sequence: this.log.length } };
    const changes = evolve(this.state, entry, this.#catalogue);
    for (const change of changes) applyChange(this.state, change);
    const ids = new Set(this.#pending.map(({ id }) => id));
    const decided = (id: string): boolean => ids.has(id);
    const context = { changes, catalogue: this.#catalogue, now: this.now(), decided };
    this.#publish(decide(this.state, entry, context));
  }

  #publish(events: CloudEvent[]): void {
    const known = new Set(this.#pending.map(({ id }) => id));
    this.#pending.push(...events.filter(({ id }) => !known.has(id)));
  }

  now(): string {
    this.#now += 1;
    return new Date(this.#now).toISOString();
  }

  #giveOut(): CloudEvent[] {
    const { tasks, asks, runs } = this.state;
    const primaries = [...asks.values()].filter(({ role }) => role === "primary");
    const rows = [...tasks.values(), ...primaries].flatMap((task): { task: Askable; run: RunningRun }[] => {
      const run = runs.get(task.run);
      const isOurs = task.capability === foreachCapability;
      return task.status === "ready" && !isOurs && mayGoOn(run) ? [{ task, run }] : [];
    });
    const ready = [...rows, ...itemsAhead(this.state)].flatMap(({ task, run }) =>
      asksOf(run, task).map((one) => ({ task: one, run })),
    );
    ready.sort((a, b) => comparePositions(a.task.since, b.task.since));
    const prepared = ready.map(({ run, task }) => this.#prepare(run, task));
    const nobody = prepared.flatMap((answer) => (Array.isArray(answer) ? answer : []));
    const given = prepared.flatMap((answer) => (Array.isArray(answer) ? [] : [answer]));
    const own = decideForeach(this.state, this.lists, this.now());
    return [...own, ...nobody, ...giveOut(given, this.#slots(), this.now())];
  }

  /** Every primary that could be given work has it by now. */
  #giveShadows(): CloudEvent[] {
    const ready = [...this.state.asks.values()].flatMap((task) => {
      const run = this.state.runs.get(task.run);
      return task.status === "ready" && mayShadow(run) ? [{ task, run }] : [];
    });
    const waits = [...this.state.tasks.values()].filter(
      (task) => task.status === "ready" && mayGoOn(this.state.runs.get(task.run)),
    );
    const prepared = ready.map(({ run, task }) => this.#prepare(run, task));
    const able = prepared.flatMap((one) => (Array.isArray(one) ? [] : [one]));
    const { load, ...slots } = this.#slots();
    const items = itemsAhead(this.state).map(({ task }) => task);
    const waiting = new Set([...waits, ...items].map(({ capability }) => capability));
    return giveShadows(able, waiting, { ...slots, load: load.forShadows() }, this.now());
  }

  #prepare(run: BegunRun, task: Askable): Prepared | CloudEvent[] {
    const handler = task.handler ?? run.pinned.bindings[task.capability] ?? "";
    const known = findHandler(this.state, run.scope.project, handler);
    const ours = this.#catalogue.get(task.capability)?.version;
    const contract =
      known === undefined ? undefined : commonContract(known.description, task.capability, ours);
    if (known === undefined || known.lost || contract === undefined) {
      const asked = { scope: run.scope, capability: task.capability, handler, silentSeconds: undefined };
      const problem = noHandler(this.state, asked, this.#catalogue);
      return answerForNobody(run, task, { handler, contract: ours ?? "1.0.0", problem }, this.now());
    }
    const { version, environment } = known.description;
    const who = { handler, version, environment, contract };
    const sources = sourcesOf(run, task).flatMap((id) => this.state.tasks.get(id) ?? []);
    const inputs = resolveInputs(run, task, sources, itemOf(this.state, this.lists, run, task));
    const key = keyOf(run, task, who, { inputs, catalogue: this.#catalogue });
    const kept = key === undefined ? undefined : this.state.cache.get(key);
    return { run, task, who, slots: known.key, inputs, key, kept };
  }

  #slots() {
    const { tasks, asks, handlers, runs } = this.state;
    const free = new Map([...handlers.keys()].map((key) => [key, this.#concurrency]));
    const load = new Counters();
    const leading = new Set<string>();
    const alone = [...tasks.values()].filter(isOpen).map((task) => ({ ...task, role: "primary" as const }));
    for (const open of [...alone, ...[...asks.values()].filter(isOpen)]) {
      const run = runs.get(open.run);
      const project = run?.scope.project ?? "";
      const slots = findHandler(this.state, project, open.handler)?.key ?? "";
      free.set(slots, (free.get(slots) ?? 0) - 1);
      load.add({ ...open, project }, 1, open.role);
      if (mayGoOn(run) && open.cachekey !== undefined) leading.add(open.cachekey);
    }
    return { free, load, leading, limits: limitsIn(this.state) };
  }
}

/** An event in a few words: `train.triggered → command@1 #1`, `train.finished fail`, `run.finished pass`. */
export function inWords(event: CloudEvent): string {
  const type = shortType(event.type);
  const { data, handler, attempt, status, result } = event;
  if (status !== undefined) {
    const cached = typeof data === "object" && data !== null && "cached" in data ? " cached" : "";
    return `${type} ${outcomeOf(status, result)}${cached}`;
  }
  if (parseType(event.type)?.predicate !== "triggered") return type;
  return `${type} → ${handler ?? "nobody"}${attempt === 1 ? "" : ` #${attempt ?? 0}`}`;
}
