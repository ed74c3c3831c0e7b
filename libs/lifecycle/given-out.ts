import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { triggeredData } from "@jackfield/spec/event/task";
import { parseType } from "@jackfield/spec/event/type";
import { cachePartsOf } from "./cache-key.ts";
import type { OpenTask, TaskHead } from "./tasks.ts";

type Given = TaskHead & { attempt: number; spent: number };

/** What a `triggered` makes of the work that it gives out; undefined when it gives out something else. */
export function givenOut(
  { id, run, step, capability, ...task }: Given,
  event: CloudEvent,
): OpenTask | undefined {
  const said = triggeredData.safeParse(event.data);
  const type = parseType(event.type);
  if (!said.success || type === undefined || event.attempt !== task.attempt) return undefined;
  const { limits, cachekey, cached = false, inputs, handlerversion, environment } = said.data;
  const handler = handlerIn(event);
  const who = { handler, version: handlerversion, environment, contract: type.version };
  return {
    id,
    run,
    step,
    capability,
    status: "triggered",
    attempt: task.attempt,
    spent: task.spent,
    handler,
    triggeredid: event.id,
    contract: type.version,
    limits,
    cached,
    ...(cachekey !== undefined && { cachekey, parts: cachePartsOf(who, inputs) }),
  };
}

/** Nobody is addressed when nobody can answer; the id still says who should have (`<task>/<handler>/<attempt>/triggered`). */
export const handlerIn = ({ handler, id }: CloudEvent): string => handler ?? id.split("/").at(-3) ?? "";
