import { createInterface } from "node:readline/promises";
import { Problem } from "@jackfield/problem/problem";
import type { Call } from "./verb.ts";

type Confirming = Pick<Call, "flags" | "signal" | "out">;

/**
 * Lets a person confirm with a number what touches many things: typed, or as `--yes=41`.
 * @throws Problem E_COUNT_CHANGED when it is another number, E_USAGE when nobody is there to type it
 */
export async function confirmCount(
  { flags, signal, out }: Confirming,
  { count, what }: { count: number; what: string },
): Promise<void> {
  const said =
    flags.text("yes") ?? (await typed(`${what}: type ${count} to go on: `, signal, out.interactive));
  if (said === undefined)
    throw new Problem("E_USAGE", `${what}: this wants to be confirmed`, { next: `add --yes=${count}` });
  if (said.trim() === String(count)) return;
  throw new Problem(
    "E_COUNT_CHANGED",
    `${what}: that is ${count}, and ${said.trim() || "nothing"} was confirmed`,
    {
      why: "something came or went since it was counted; nothing was done",
      next: `look again, then --yes=${count}`,
    },
  );
}

/**
 * Lets a person confirm with a word what cannot be undone: typed, or as `--yes=WORD`.
 * @throws Problem E_USAGE when it is another word, or nobody is there to type it
 */
export async function confirmWord(
  { flags, signal, out }: Confirming,
  { word, what }: { word: string; what: string },
): Promise<void> {
  const said =
    flags.text("yes") ?? (await typed(`${what}: type ${word} to go on: `, signal, out.interactive));
  if (said?.trim() === word) return;
  throw new Problem("E_USAGE", `${what}: this wants to be confirmed`, { next: `add --yes=${word}` });
}

async function typed(text: string, signal: AbortSignal, interactive: boolean): Promise<string | undefined> {
  if (!interactive || !process.stdin.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(text, { signal });
  } finally {
    lines.close();
  }
}
