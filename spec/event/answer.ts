import type { CloudEvent } from "./envelope.ts";
import { sourceOfHandler, sourceOfService } from "./ids.ts";
import { parseType } from "./type.ts";

/** What a `triggered` fixes, as far as every answer has to repeat it. */
export interface Asked {
  triggeredid: string;
  project: string;
  task: string;
  capability: string;
  handler: string;
  attempt: number;
}

/**
 * Does an event answer what was asked? It is of the asked handler, or of the conductor in its place, and names the same
 * task, capability and attempt. One function for all who count answers, so that they come to the same verdict.
 */
export const answersTo = (event: CloudEvent, asked: Asked): boolean =>
  event.triggeredid === asked.triggeredid &&
  event.subject === asked.task &&
  event.attempt === asked.attempt &&
  (event.project ?? "") === asked.project &&
  (event.handler ?? asked.handler) === asked.handler &&
  (event.source === sourceOfService("conductor") || event.source === sourceOfHandler(asked.handler)) &&
  parseType(event.type)?.subject === asked.capability;
