import type { Agenda } from "./agenda.ts";

/** A process: what it planned does not happen once it is dead, and waits while it is stopped (SIGSTOP). */
export class Process {
  readonly agenda: Agenda;
  readonly name: string;
  isAlive = true;
  isStopped = false;
  /** Since when it was neither stopped nor cut off. */
  soundSinceMs: number;
  #held: (() => void)[] = [];

  constructor(agenda: Agenda, name: string) {
    this.agenda = agenda;
    this.name = name;
    this.soundSinceMs = agenda.nowMs;
  }

  after(ms: number, what: () => void): void {
    this.agenda.after(ms, () => this.do(what));
  }

  do(what: () => void): void {
    if (!this.isAlive) return;
    if (this.isStopped) this.#held.push(what);
    else what();
  }

  kill(): void {
    this.isAlive = false;
    this.#held = [];
  }

  stop(forMs: number): void {
    if (!this.isAlive || this.isStopped) return;
    this.isStopped = true;
    this.agenda.after(forMs, () => this.goOn());
  }

  goOn(): void {
    if (!this.isStopped) return;
    this.isStopped = false;
    this.soundSinceMs = this.agenda.nowMs;
    const held = this.#held;
    this.#held = [];
    for (const what of held) this.do(what);
  }
}
