import { z } from "zod";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { runRequested } from "@jackfield/spec/facts/run";
import { parseKeptnType } from "./keptn-type.ts";
import { noStage } from "./to-keptn.ts";

const keptnData = z.looseObject({
  project: z.string(),
  stage: z.string().optional(),
  service: z.string().optional(),
});

/**
 * What a Keptn event asks for in our words: a triggered sequence is a run of the workflow of that name, a triggered task of
 * a capability that we know is a run of that one task. It has the id of the Keptn event, which is its cause. Undefined for
 * anything else: that is kept, and triggers by its type. `requestOf` gives the type of a capability's request, if there is one.
 */
export function requestIn(
  event: CloudEvent,
  requestOf: (capability: string) => string | undefined,
): CloudEvent | undefined {
  const type = parseKeptnType(event.type);
  const read = keptnData.safeParse(event.data);
  if (type?.phase !== "triggered" || !read.success) return undefined;
  const asked = type.kind === "task" ? requestOf(type.task) : runRequested.type;
  if (asked === undefined) return undefined;
  const { project, stage, service } = read.data;
  const context = event["shkeptncontext"];
  return {
    specversion: "1.0",
    id: event.id,
    source: event.source,
    type: asked,
    ...(event.time !== undefined && { time: event.time }),
    datacontenttype: "application/json",
    correlationid: typeof context === "string" ? context : event.id,
    causationid: event.id,
    causationsource: event.source,
    project,
    ...(service !== undefined && { subproject: service }),
    ...(stage !== undefined && stage !== noStage && { stage }),
    data: type.kind === "task" ? { inputs: read.data[type.task] ?? {} } : { workflow: type.sequence },
  };
}
