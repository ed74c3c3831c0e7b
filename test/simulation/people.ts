import { boundTo, rebind } from "@jackfield/lifecycle/bindings";
import type { Rows } from "@jackfield/lifecycle/state";
import { steer } from "@jackfield/lifecycle/steer-run";
import { said } from "@jackfield/lifecycle/story-events";
import { Problem } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventKey } from "@jackfield/spec/event/ids";
import type { AppliedProject } from "@jackfield/spec/project/configuration";
import { others, planProject, planWorkflows, projects } from "./plant.ts";
import { Process } from "./process.ts";
import { Connection } from "./wire.ts";
import type { Scene } from "./scene.ts";

type Steering = "paused" | "resumed" | "aborted";

/** People and CI: they apply, ask for runs, ask again, steer, and move leads while everything goes on. */
export class People extends Process {
  readonly connection: Connection;
  readonly #world: Scene;
  readonly #requests: CloudEvent[] = [];
  readonly #workflows = new Map<string, AppliedProject["workflows"]>();
  #versions = 0;

  constructor(world: Scene) {
    super(world.agenda, "people");
    this.#world = world;
    this.connection = new Connection(this, world.net);
    for (const project of projects) {
      this.#workflows.set(project, planWorkflows(world.random));
      this.#apply(project);
    }
    const { random } = world;
    for (let deeds = random.between(3, 12); deeds > 0; deeds -= 1) {
      this.after(random.between(500, world.faultsMs), () => this.#act());
    }
    this.after(200, () => this.#request());
  }

  /** Nothing stays paused for ever. */
  resumeAll(): void {
    const runs = this.#world.lock.holder?.desk?.rows.runs.values() ?? [];
    for (const run of runs)
      if (run.status === "running" && run.paused !== undefined) this.#steer(run.id, "resumed");
  }

  #act(): void {
    const { random } = this.#world;
    const act = random.pick([
      "request",
      "request",
      "repeat",
      "alter",
      "code",
      "steer",
      "steer",
      "bind",
      "apply",
    ]);
    if (act === "request") this.#request();
    if (act === "repeat") this.#repeat((event) => event);
    if (act === "alter")
      this.#repeat((event) => ({ ...event, data: { workflow: "second", reason: "another" } }));
    if (act === "code") this.#say({ ...said("code.changed"), project: random.pick(projects) });
    if (act === "apply") this.#apply(random.pick(projects));
    if (act === "bind") this.#ask((rows, now) => this.#bind(rows, now));
    if (act === "steer") this.#steerSome();
  }

  #say(event: CloudEvent): void {
    this.#versions += 1;
    const named = { ...event, id: event.id.startsWith("said-") ? `asked-${this.#versions}` : event.id };
    this.connection.publish(named, this.#world.acknowledge(named, this.name));
    this.#requests.push(named);
  }

  #request(): void {
    const { random } = this.#world;
    const data = { workflow: random.pick(["first", "second"]), ...(random.chance(0.4) && { cache: false }) };
    this.#say({ ...said("run.requested"), project: random.pick(projects), subproject: "seattle", data });
  }

  /** The same key again; with another content it is a conflict, and the first stands. */
  #repeat(alter: (event: CloudEvent) => CloudEvent): void {
    const before = this.#requests.find(({ source }) => source === "/test");
    if (before === undefined) return;
    const again = alter(before);
    if (again !== before) this.#world.truth.lies.add(eventKey(again));
    this.connection.publish(again);
  }

  #apply(project: string): void {
    this.#versions += 1;
    const event = planProject(
      this.#world.random,
      project,
      this.#versions,
      this.#workflows.get(project) ?? {},
    );
    this.connection.publish(event, this.#world.acknowledge(event, this.name));
  }

  #bind(rows: Rows, now: string): CloudEvent {
    const { random } = this.#world;
    const capability = random.pick(["fetch", "split", "train"]);
    const project = random.pick(projects);
    const shadows = boundTo(rows, { project }, capability, new Map()).shadows;
    const handler = random.chance(0.7) ? random.pick(others) : null;
    return rebind(
      rows,
      { project, capability, handler, undo: false, ...(random.chance(0.5) && { shadows }) },
      now,
    );
  }

  #steerSome(): void {
    const { random, lock } = this.#world;
    const [run] = random.shuffled([...(lock.holder?.desk?.rows.runs.keys() ?? [])]);
    if (run !== undefined)
      this.#steer(run, random.pick<Steering>(["paused", "paused", "resumed", "aborted"]));
  }

  #steer(id: string, how: Steering): void {
    this.#ask((rows, now) => {
      const run = rows.runs.get(id);
      return run === undefined ? undefined : steer(run, how, {}, now);
    });
  }

  /** A command: who owns the thing refuses, or says the fact. */
  #ask(make: (rows: Rows, now: string) => CloudEvent | undefined): void {
    const conductor = this.#world.lock.holder;
    if (conductor?.isStopped !== false) return;
    conductor.say((rows, now) => {
      try {
        const event = make(rows, now);
        // Nobody waits here until it is read back, so that two may say different things under one key.
        if (event !== undefined) this.#world.truth.lies.add(eventKey(event));
        return event;
      } catch (thrown) {
        if (thrown instanceof Problem) return undefined;
        throw thrown;
      }
    });
  }
}
