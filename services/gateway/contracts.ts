import catalogue from "@jackfield/spec/catalogue.json" with { type: "json" };
import builtInTypes from "@jackfield/spec/types.json" with { type: "json" };
import type { Events } from "@jackfield/events/connection";
import { askService } from "@jackfield/service/answer";
import { capabilities } from "@jackfield/spec/ask/conductor";
import { capabilityEntry, type Capability, type CapabilityEntry } from "@jackfield/spec/event/contract";
import { capabilityFrom } from "@jackfield/spec/event/from-entry";
import { eventType } from "@jackfield/spec/event/type";
import { contractBroken } from "./serve-route.ts";

const askWithinMs = 1_000;
/** What was published may be so old before the conductor is asked again. */
const freshMs = 1_000;

/** The contracts of all capabilities: ours stand in a file, those that were published the conductor knows. */
export class Contracts {
  /** Every type that may be posted in short form. */
  types: readonly string[] = builtInTypes;
  readonly #events: Events;
  readonly #known = new Map<string, Capability>();
  #asked: { atMs: number; answer: Promise<void> } | undefined;

  constructor(events: Events) {
    this.#events = events;
    for (const entry of catalogue) this.#keep(capabilityEntry.parse(entry));
  }

  /** Asks what was published since. When the conductor is silent, what was known stands. */
  async refresh(): Promise<void> {
    const nowMs = performance.now();
    if (this.#asked === undefined || nowMs - this.#asked.atMs > freshMs)
      this.#asked = { atMs: nowMs, answer: this.#ask() };
    await this.#asked.answer;
  }

  /**
   * Outputs as the contract of the capability says them, before they are published: a runner can still correct them.
   * A capability without a contract says nothing of them.
   * @throws Problem E_INVALID that names the field.
   */
  async checkedOutputs(capability: string, outputs: unknown): Promise<Record<string, unknown>> {
    if (!catalogue.some(({ name }) => name === capability)) await this.refresh();
    const said = outputs ?? {};
    const result = this.#known.get(capability)?.output.safeParse(said);
    if (result?.success === false)
      throw contractBroken(`the answer to ${capability}`, result.error, "/outputs");
    // Every output contract is an object.
    return (result?.data ?? said) as Record<string, unknown>;
  }

  /** Fields of the answer that are tables. */
  async tablesOf(capability: string): Promise<readonly string[]> {
    if (!this.#known.has(capability)) await this.refresh();
    return this.#known.get(capability)?.tables ?? [];
  }

  async #ask(): Promise<void> {
    const answer = await askService(this.#events, capabilities, {}, { timeoutMs: askWithinMs }).catch(
      () => undefined,
    );
    const published = answer?.capabilities.filter(({ builtIn }) => !builtIn) ?? [];
    for (const entry of published) this.#keep(entry);
    const requests = published.map(({ name }) => eventType(name, "requested", "1.0.0"));
    const fresh = requests.filter((type) => !this.types.includes(type));
    if (fresh.length > 0) this.types = [...this.types, ...fresh];
  }

  #keep(entry: CapabilityEntry): void {
    if (this.#known.get(entry.name)?.version !== entry.version)
      this.#known.set(entry.name, capabilityFrom(entry));
  }
}
