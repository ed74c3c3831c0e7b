import type { Case } from "../evidence.ts";
import { Evidence, type Judgement } from "../verdict.ts";

/** I3: work is begun once for each attempt that was asked, and no effect happens twice. */
export function judgeExecutedOnce({ history, reading }: Case): Judgement {
  const evidence = new Evidence();
  const asked = new Set(
    [...reading.questions.values()].map(({ task, handler, attempt }) => nameOf({ task, handler, attempt })),
  );
  const begun = new Map<string, string[]>();
  for (const line of history) {
    if (line.op === "execute" && line.part === "begin") add(begun, nameOf(line), `by ${line.instance}`);
    if (line.op === "effect") add(begun, `the effect ${line.key}`, `by ${line.who}`);
  }
  for (const [name, by] of begun) {
    evidence.look(by.length === 1 ? undefined : `${name} happened ${by.length} times: ${by.join(", ")}`);
    if (name.startsWith("attempt")) evidence.look(asked.has(name) ? undefined : `${name} was never asked`);
  }
  return evidence.judge("I3");
}

interface Name {
  task: string;
  handler: string;
  attempt: number;
}

const nameOf = ({ task, handler, attempt }: Name): string => `attempt ${attempt} of ${task} by ${handler}`;

function add(map: Map<string, string[]>, key: string, value: string): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
