import { causedBy, scopeOf, type CloudEvent } from "@jackfield/spec/event/envelope";
import { factId, sourceOfService } from "@jackfield/spec/event/ids";
import { printPosition, type Position } from "@jackfield/spec/event/position";
import type { z } from "zod";
import type { Fact } from "@jackfield/spec/event/contract";
import { deliveryParked, deliveryRedriven } from "@jackfield/spec/facts/delivery";

/** A fact fits into an event, whatever it is about: of one with a longer id it tells the place only. */
const longestId = 1_000;

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
export const parkedFact = (delivery: Delivery, said: Parked): CloudEvent =>
  factOf(delivery, deliveryParked, said);

/** The fact that it is handed to its reader again: from here on the reader acts. */
export const redrivenFact = (delivery: Delivery, said: Redriven): CloudEvent =>
  factOf(delivery, deliveryRedriven, said);

function factOf(delivery: Delivery, { type, predicate, data }: Fact, said: Parked | Redriven): CloudEvent {
  const { event } = delivery;
  const told = { ...delivery, event: (event?.id.length ?? 0) > longestId ? undefined : event };
  return { ...envelopeOf(told, predicate), type, data: data.parse({ ...contentOf(told), ...said }) };
}

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
