import type { z } from "zod";
import type { Capability } from "@jackfield/spec/event/contract";
import type { Descriptor } from "@jackfield/spec/event/artifact";
import type { Problem } from "@jackfield/problem/problem";
import type { Result } from "@jackfield/spec/event/outcome";
import type { Task, Row } from "./task.ts";

/** What a handler may return for an output: a field that the contract calls a table may also be plain rows. */
export type Draft<Output> = { [Field in keyof Output]: Output[Field] | Row[] };

/** An output with a verdict, a line for people, or logs beside it. */
export interface Answered<Output = unknown> {
  output: Draft<Output>;
  result: Result;
  message: string | undefined;
  logs: Descriptor[];
}

/** Work that could not be done, with the logs that tell why; without logs, throwing the Problem says the same. */
export interface Refused {
  problem: Problem;
  logs: Descriptor[];
}

const answers = new WeakSet<object>();
const refusals = new WeakSet<object>();

export function refused(problem: Problem, beside: { logs: Descriptor[] }): Refused {
  const refusal = { problem, logs: beside.logs };
  refusals.add(refusal);
  return refusal;
}

/** Says more than the output: the verdict (pass when left out), one line for people, logs. */
export function answered<Output>(
  output: Draft<Output>,
  beside: { result?: Result; message?: string; logs?: Descriptor[] } = {},
): Answered<Output> {
  const answer = {
    output,
    result: beside.result ?? "pass",
    message: beside.message,
    logs: beside.logs ?? [],
  };
  answers.add(answer);
  return answer;
}

const isAnswered = (value: object): value is Answered => answers.has(value);
export const isRefused = (value: object): value is Refused => refusals.has(value);

/** A capability and the function that answers it. */
export interface Handler {
  capability: Capability;
  run(inputs: unknown, task: Task): Promise<Answered | Refused>;
}

/**
 * Answers a capability: `run` gets the parsed input and the task, and returns the output.
 * A thrown Problem becomes `finished` errored; its code says whether another attempt may help.
 */
export function on<Input extends z.ZodType, Output extends z.ZodType>(
  capability: Capability<Input, Output>,
  run: (
    input: z.output<Input>,
    task: Task,
  ) => Promise<Draft<z.input<Output>> | Answered<z.input<Output>> | Refused>,
): Handler {
  return {
    capability,
    run: async (inputs, task) => {
      const answer: object = await run(capability.input.parse(inputs), task);
      return isAnswered(answer) || isRefused(answer) ? answer : answered(answer);
    },
  };
}
