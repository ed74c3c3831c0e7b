/**
 * A failure of set-up or of an embedded server, in the form of `libs/problem`.
 * That library is TypeScript, and this code also runs where nothing is installed yet.
 */
export class Refusal extends Error {
  /**
   * @param {"E_NATS_MISSING" | "E_PORT_TAKEN" | "E_POSTGRES" | "E_RUNNING" | "E_STORE_DOWN" | "E_CONFIG"} code
   * @param {string} what one sentence
   * @param {{ why?: string, here?: string, next?: string, cause?: unknown }} parts
   */
  constructor(code, what, parts = {}) {
    super(what, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = code;
    this.code = code;
    this.why = parts.why;
    this.here = parts.here;
    this.next = parts.next;
  }
}

/**
 * Any thrown thing → the lines that people read.
 * @param {unknown} thrown
 */
export function printRefusal(thrown) {
  if (!(thrown instanceof Refusal))
    return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  const lines = [`${thrown.code}  ${thrown.message}`];
  for (const part of /** @type {const} */ (["why", "here", "next"])) {
    const text = thrown[part];
    if (text !== undefined) lines.push(`  ${part.padEnd(6)} ${text.replaceAll("\n", "\n         ")}`);
  }
  return lines.join("\n");
}
