import { jetstream } from "@nats-io/jetstream";
import { openEvents, type Events } from "@jackfield/events/connection";
import { consumeTasks } from "@jackfield/events/consume-tasks";
import { printJson } from "@jackfield/events/json-text";
import { refusedBy } from "@jackfield/events/refused";
import { subjectOf } from "@jackfield/events/subject";
import { assignmentOf, type Assignment } from "@jackfield/service/answer-events";
import { openLog } from "@jackfield/service/log";
import { keepRegistered, type Registration } from "@jackfield/service/registration";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { openAsAdmin } from "../../deploy/as-admin.ts";
import { until } from "../bed/until.ts";
import { readFile } from "node:fs/promises";
import type { FaultWorld } from "./fault-world.ts";

/** How it answers one task. */
export type Manner = (liar: Liar, task: Assignment) => Promise<void>;

const most = 64;

/**
 * A handler for `train` that speaks NATS itself: it takes every task and says what it was told to say. Its words go out
 * with its own credential, or without rights, as on a server that checks none.
 */
export class Liar implements AsyncDisposable {
  static readonly name = "liar";
  readonly faults: FaultWorld;
  /** What went wrong while it lied, which is not its privilege. */
  readonly troubles: string[] = [];
  readonly #own: Events;
  readonly #mouth: Events;
  readonly #registration: Registration;
  readonly #leaving = new AbortController();
  #talks = 0;
  readonly #manners: Manner[];

  private constructor(faults: FaultWorld, own: Events, mouth: Events, manners: readonly Manner[]) {
    this.faults = faults;
    this.#own = own;
    this.#mouth = mouth;
    this.#manners = [...manners];
    const contract = { from: "1.0.0", to: "1.0.0" };
    this.#registration = keepRegistered(own, {
      description: { handler: Liar.name, version: "1", contracts: { train: contract }, project: "faults" },
      instance: "the-liar",
      concurrency: most,
      log: openLog({ service: Liar.name, level: "error" }),
    });
    void this.#registration.consumers.then(([consumer]) => {
      if (consumer === undefined) return;
      const { stream, durable } = consumer;
      // Without rights its own lies come back to it.
      const onBad = (): void => undefined;
      const onTask = ({ event, ack }: { event: CloudEvent; ack: () => void }): Promise<void> => {
        ack();
        return this.#take(event);
      };
      const { signal } = this.#leaving;
      return consumeTasks(own, { stream, durable, concurrency: most, signal, onTask, onBad });
    });
  }

  /** Registered; answers the first tasks in these manners, each once, and every other one honestly by the last of them. */
  static async begin(
    faults: FaultWorld,
    manners: readonly Manner[],
    { rights }: { rights: boolean },
  ): Promise<Liar> {
    const told = await faults.world.settingsOf("faults", Liar.name, ["train"]);
    const url = told["JACKFIELD_NATS_URL"] ?? "";
    const creds = await readFile(told["JACKFIELD_NATS_CREDS"] ?? "", "utf8");
    const own = await openEvents({ url, name: Liar.name, creds });
    const mouth = rights ? own : await openAsAdmin(await faults.world.run(), Liar.name);
    const liar = new Liar(faults, own, mouth, manners);
    await faults.world.happened("handler.registered", ({ subject }) => subject === Liar.name);
    return liar;
  }

  /** Says something that must not count, and notes where it lies; the server may keep it from saying it. */
  async lie(what: string, event: CloudEvent, subject?: string): Promise<void> {
    const position = await this.say(event, subject).catch((error: unknown) => {
      if (refusedBy(error, this.#mouth) === undefined) throw error;
    });
    if (position !== undefined) this.faults.record({ op: "lie", what, position });
  }

  /** Puts an event into the stream as it is, with no message id; answers with its position. */
  async say(event: CloudEvent, subject = subjectOf(event, this.#mouth.subjectRoot)): Promise<string> {
    const { seq } = await jetstream(this.#mouth.connection).publish(subject, printJson(event));
    const seen = await until("what was said", () =>
      this.faults.world.seen.find(({ position }) => position.sequence === seq),
    );
    return `${seen.position.epoch}-${seq}`;
  }

  /** Waits until it has said all that it wants to say. */
  async silent(): Promise<void> {
    await until("the liar to be silent", () => this.#talks === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort();
    await this.#registration.close();
    await this.#own.close();
    await this.#mouth.close();
  }

  async #take(triggered: CloudEvent): Promise<void> {
    const task = assignmentOf(triggered, "the-liar");
    const [manner] =
      this.#manners.length > 1 && task?.attempt === 1 ? this.#manners.splice(0, 1) : this.#manners.slice(-1);
    if (task === undefined || manner === undefined) return;
    this.#talks += 1;
    await manner(this, task).catch((error: unknown) => this.troubles.push(String(error)));
    this.#talks -= 1;
  }
}
