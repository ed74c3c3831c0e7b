import { answer } from "@jackfield/lifecycle/story-events";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventKey, sourceOfHandler, sourceOfService } from "@jackfield/spec/event/ids";
import { subjectOf } from "@jackfield/events/subject";
import { parseType } from "@jackfield/spec/event/type";
import { Process } from "./process.ts";
import { Connection, messageOf } from "./wire.ts";
import type { Stored } from "./stream.ts";
import type { Scene } from "./scene.ts";

const likelihood = 0.2;

/** Somebody who sees what is triggered, and says what is not so. */
export class Liar extends Process {
  readonly connection: Connection;
  readonly #world: Scene;

  constructor(world: Scene, name: string) {
    super(world.agenda, name);
    this.#world = world;
    this.connection = new Connection(this, world.net);
    world.stream.onStored((stored) => this.#saw(stored));
  }

  #saw({ entry: { event } }: Stored): void {
    const { random, net } = this.#world;
    if (net.faults.liars === 0 || event === undefined || !random.chance(likelihood)) return;
    if (parseType(event.type)?.predicate !== "triggered" || event.handler === undefined) return;
    this.after(random.between(0, 20_000), () => this.#lie(event));
  }

  #lie(triggered: CloudEvent): void {
    const honest = answer(triggered, this.#world.random.pick(["pass", "fail", "errored"]), {
      message: "a lie",
    });
    const liar = sourceOfHandler("liar");
    const { handler: _, ...unsigned } = honest;
    const lie = this.#world.random.pick<() => void>([
      // It was asked, and answers twice, late, or without having started.
      () => this.#say(honest),
      // It was not asked, and answers as itself, for whoever was asked, and without saying for whom.
      () => this.#say({ ...honest, source: liar, handler: "liar" }),
      () => this.#say({ ...honest, source: liar }),
      () => this.#say({ ...unsigned, source: liar }),
      // It answers in another's name on its own subject.
      () => this.#say(honest, subjectOf({ ...honest, source: liar })),
      () => this.#say({ ...honest, triggeredid: "nobody/asked/1/triggered", id: `lie-${this.agenda.nowMs}` }),
      () => this.#say({ ...triggered, source: liar }),
      () =>
        this.#say(
          { ...triggered, source: liar },
          subjectOf({ ...triggered, source: sourceOfService("conductor") }),
        ),
    ]);
    lie();
  }

  #say(event: CloudEvent, subject?: string): void {
    this.#world.truth.lies.add(eventKey(event));
    this.connection.send(messageOf(event, this.name, subject));
  }
}
