import { clearInterval, setInterval } from "node:timers";

/** @typedef {{ write(text: string): unknown, isTTY?: boolean }} Terminal */

/**
 * Shows what is being done: on a terminal one line that counts the seconds, elsewhere a line at the begin of each step.
 * @param {Terminal} terminal
 */
export function createProgress(terminal) {
  /** @type {string[]} */
  const done = [];
  const clear = () => (terminal.isTTY === true ? terminal.write("\r\x1b[K") : undefined);
  return {
    /**
     * A line that stays, for example a download with its size.
     * @param {string} line
     */
    say(line) {
      clear();
      terminal.write(`  ${line}\n`);
    },
    /**
     * Does one step. The work answers with the words for its success, "" for none.
     * @param {string} doing
     * @param {(sayBelow: (line: string) => void) => Promise<string>} work
     */
    async step(doing, work) {
      const began = Date.now();
      const seconds = () => Math.round((Date.now() - began) / 1000);
      const show = () => terminal.write(`\r\x1b[K  ${doing} … ${seconds()} s`);
      const timer = terminal.isTTY === true ? setInterval(show, 1000) : undefined;
      try {
        const words = await work((line) => this.say(line));
        if (words !== "") done.push(words.replace("{s}", `${seconds()} s`));
      } finally {
        clearInterval(timer);
        clear();
      }
    },
    /** All successes, as many on a line as fit. */
    summary() {
      const cells = done.map((words) => `✓ ${words}`);
      /** @type {string[]} */
      const lines = [];
      for (const cell of cells) {
        const last = lines.at(-1);
        if (last !== undefined && last.length + cell.length < 104)
          lines[lines.length - 1] = `${last}      ${cell}`;
        else lines.push(cell);
      }
      terminal.write(`${lines.join("\n")}\n`);
    },
  };
}
