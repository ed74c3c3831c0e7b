// A handler that answers every step of the default lifecycle with the example of its contract and records each
// execution. JACKFIELD_STEPS says who it is: { name, concurrency, milliseconds, history }.
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Problem } from "@jackfield/problem/problem";
import { on, serve } from "@jackfield/service/serve";
import type { Handler } from "@jackfield/service/on";
import { evaluate } from "@jackfield/spec/evaluate";
import { fetch } from "@jackfield/spec/fetch";
import { split } from "@jackfield/spec/split";
import { train } from "@jackfield/spec/train";
import { z } from "zod";
import { recordInto } from "../../checker/history.ts";
import { strikeAt } from "../points/strike-at.ts";
import { stepsSettings } from "../steps-settings.ts";

const settings = stepsSettings.parse(JSON.parse(process.env["JACKFIELD_STEPS"] ?? "{}"));
const { name, concurrency, milliseconds, millisecondsOf, getReadyMs, awayWhile, history } = settings;
const record = recordInto(history, `handler ${name}`);
const instance = String(process.pid);

const step = (capability: typeof fetch | typeof split | typeof train | typeof evaluate): Handler => {
  const output = z.record(z.string(), z.unknown()).parse(capability.example.output);
  const loose = { ...capability, input: z.looseObject({}), output: z.looseObject({}) };
  return on(loose, async (_, task) => {
    const who = { op: "execute", task: task.id, handler: name, attempt: task.attempt, instance } as const;
    record({ ...who, part: "begin" });
    strikeAt("at work");
    await delay(millisecondsOf?.[capability.name] ?? milliseconds, undefined, { signal: task.signal });
    record({ ...who, part: "end" });
    if (awayWhile !== undefined && existsSync(awayWhile))
      throw new Problem("E_RETRY_LATER", "What this depends on is away.");
    return output;
  });
};

await delay(getReadyMs ?? 0);
await serve({
  name,
  concurrency,
  version: "1",
  handlers: [step(fetch), step(split), step(train), step(evaluate)],
});
