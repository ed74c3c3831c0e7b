import { parseJson } from "@jackfield/events/json-text";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { factId, sourceOfService } from "@jackfield/spec/event/ids";
import { incidentDetected } from "@jackfield/spec/facts/incident";

/** The note of a gap → the fact. Two gaps never begin at the same position. */
export function incidentOf({ body, at }: { body: string; at: Date }): CloudEvent {
  // `lost` wrote it.
  const data = incidentDetected.data.parse(parseJson(body));
  const id = factId(`log/${data.from}`, data.to, "detected");
  return {
    specversion: "1.0",
    id,
    source: sourceOfService("tracker"),
    type: incidentDetected.type,
    subject: "log",
    time: at.toISOString(),
    datacontenttype: "application/json",
    correlationid: id,
    data,
  };
}
