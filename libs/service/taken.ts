/** A server that was killed shows again what a process has in hand or has just answered: so many are remembered. */
const mostRemembered = 10_000;

/** The attempts that this process has taken up: to itself the conductor would say "go" again. */
export class Taken {
  readonly #ids = new Set<string>();

  /** False when it was taken up before. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    const [oldest = ""] = this.#ids;
    if (this.#ids.size > mostRemembered) this.#ids.delete(oldest);
    return true;
  }

  /** It was not begun after all. */
  forget(id: string): void {
    this.#ids.delete(id);
  }
}
