import { contentDigest, messageId } from "@jackfield/events/digest";
import { encodeStructured } from "@jackfield/events/encode";
import { subjectOf } from "@jackfield/events/subject";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Faults } from "./faults.ts";
import type { Process } from "./process.ts";
import type { Random } from "./random.ts";
import type { Message, Stream } from "./stream.ts";

/** What lies between the processes and the stream. */
export interface Net {
  stream: Stream;
  random: Random;
  faults: Faults;
}

interface Sending {
  message: Message;
  onStored: (sequence: number) => void;
  /** Counts its tries, so that the clock of an earlier one means nothing. */
  attempt: number;
}

/** How long one try waits for its answer. */
const answerMs = 2_000;

/** An event as the bytes that travel. */
export const messageOf = (event: CloudEvent, secret = "", subject = subjectOf(event)): Message => ({
  ...encodeStructured(event),
  subject,
  messageId: messageId(event, contentDigest(event), secret),
});

/** All processes of one service share a credential. */
export const secretOf = ({ name }: Process): string => name.replace(/-\d+$/, "");

/**
 * A process's connection. Messages of one connection arrive in the order in which they were sent; a try that was lost or
 * refused is repeated, and then comes behind those that were sent after it. Nobody knows whether a try without an answer
 * was stored.
 */
export class Connection {
  connectedMs: number;
  readonly #owner: Process;
  readonly #net: Net;
  readonly #open = new Set<Sending>();
  #isUp = true;
  /** Another one after each break: what was on its way before is lost from somewhere on. */
  #generation = 0;
  #lastArrivalMs = 0;

  readonly #onReconnect: () => void;

  constructor(owner: Process, net: Net, onReconnect: () => void = () => undefined) {
    this.#owner = owner;
    this.#net = net;
    this.#onReconnect = onReconnect;
    this.connectedMs = owner.agenda.nowMs;
  }

  get isUp(): boolean {
    return this.#isUp && this.#owner.isAlive;
  }

  /** Publishes until the stream has it. @throws Problem for an event that may not travel. */
  publish(event: CloudEvent, onStored: (sequence: number) => void = () => undefined): void {
    this.send(messageOf(event, secretOf(this.#owner)), onStored);
  }

  send(message: Message, onStored: (sequence: number) => void = () => undefined): void {
    const sending = { message, onStored, attempt: 0 };
    this.#open.add(sending);
    this.#try(sending);
  }

  /** How long a message is on its way now. */
  latencyMs(): number {
    return this.#net.random.next() * this.#net.faults.latencyMs;
  }

  /** The connection breaks, and is there again after this time. */
  break(forMs: number): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#generation += 1;
    this.#owner.agenda.after(forMs, () => {
      this.#isUp = true;
      this.connectedMs = this.#owner.agenda.nowMs;
      this.#owner.soundSinceMs = this.connectedMs;
      for (const sending of this.#open) this.#owner.do(() => this.#try(sending));
      this.#owner.do(this.#onReconnect);
    });
  }

  #try(sending: Sending): void {
    if (!this.#open.has(sending)) return;
    sending.attempt += 1;
    const { attempt } = sending;
    this.#owner.after(answerMs, () => {
      if (sending.attempt === attempt) this.#try(sending);
    });
    if (!this.#isUp) return;
    const { agenda } = this.#owner;
    const { random, faults } = this.#net;
    const generation = this.#generation;
    // What is written to a connection outlives the process that wrote it.
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, agenda.nowMs + this.latencyMs());
    const isLost = random.chance(faults.lost);
    agenda.after(this.#lastArrivalMs - agenda.nowMs, () => {
      if (!isLost && generation === this.#generation) this.#arrived(sending, generation);
    });
  }

  #arrived(sending: Sending, generation: number): void {
    const { random, faults, stream } = this.#net;
    if (random.chance(faults.refused)) {
      this.#owner.after(this.latencyMs() + 20, () => this.#try(sending));
      return;
    }
    const sequence = stream.store(sending.message);
    if (random.chance(faults.lost)) return;
    this.#owner.after(this.latencyMs(), () => {
      if (generation === this.#generation && this.#open.delete(sending)) sending.onStored(sequence);
    });
  }
}
