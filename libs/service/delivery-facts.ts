import { causedBy, scopeOf, type CloudEvent } from "@jackfield/spec/event/envelope";
import { factId, sourceOfService } from "@jackfield/spec/event/ids";
import { printPosition, type Position } from "@jackfield/spec/event/position";
import type { z } from "zod";
import { deliveryParked, deliveryRedriven } from "@jackfield/spec/facts/delivery";

/** What a reader did not take, and where it lies. */
export interface Delivery {
  reader: string;
  position: Position;
  times: number;
  event: CloudEvent | undefined;
}

type Parked = Pick<z.input<typeof deliveryParked.data>, "why" | "detail" | "subject">;
type Redriven = Pick<z.input<typeof deliveryRedriven.data>, "by" | "reason">;

/** The fact that something was parked, or withheld. */
export const parkedFact = (delivery: Delivery, said: Parked): CloudEvent => ({
  ...envelopeOf(delivery, "parked"),
  type: deliveryParked.type,
  data: deliveryParked.data.parse({ ...contentOf(delivery), ...said }),
});

/** The fact that it is handed to its reader again: from here on the reader acts. */
export const redrivenFact = (delivery: Delivery, said: Redriven): CloudEvent => ({
  ...envelopeOf(delivery, "redriven"),
  type: deliveryRedriven.type,
  data: deliveryRedriven.data.parse({ ...contentOf(delivery), ...said }),
});

const contentOf = ({ reader, position, times, event }: Delivery) => ({
  reader,
  position: printPosition(position),
  times,
  ...(event !== undefined && { event: { id: event.id, source: event.source, type: event.type } }),
});

function envelopeOf({ reader, position, times, event }: Delivery, predicate: string) {
  const resource = `${reader}-${printPosition(position)}`;
  const id = factId(resource, times, predicate);
  return {
    specversion: "1.0" as const,
    id,
    source: sourceOfService(reader),
    subject: resource,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    correlationid: id,
    ...linkTo(reader, event),
  };
}

/** What the tracker did not take is not in the log, so nothing may name it as its cause. */
function linkTo(reader: string, event: CloudEvent | undefined): Partial<CloudEvent> {
  if (event === undefined) return {};
  return { ...scopeOf(event), ...(reader !== "tracker" && causedBy(event)) };
}
