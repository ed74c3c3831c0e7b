import { z } from "zod";
import type { CloudEvent } from "@jackfield/spec/event/envelope";

const link = z.looseObject({
  linkType: z.string(),
  linkKind: z.string().optional(),
  from: z.looseObject({ contextId: z.string().optional() }).optional(),
  target: z.looseObject({ contextId: z.string().optional() }).optional(),
});

/** A CDEvent of 0.5, as far as it is read here; what else is in it stays. @see https://cdevents.dev */
export const cdevent = z.looseObject({
  context: z.looseObject({
    specversion: z.string().min(1),
    id: z.string().min(1),
    source: z.string().min(1),
    type: z.string().min(1),
    timestamp: z.string(),
    chainId: z.string().optional(),
    links: z.array(link).optional(),
  }),
  subject: z.looseObject({ id: z.string().min(1), content: z.record(z.string(), z.unknown()) }),
  customData: z.union([z.record(z.string(), z.unknown()), z.string()]).optional(),
});

export type Cdevent = z.output<typeof cdevent>;
export type Link = z.output<typeof link>;

/** An event and when the stream took it, which stands in where the event says no time. */
export interface Logged {
  event: CloudEvent;
  at: string;
}

/** The version of CDEvents that is written here. */
export const specversion = "0.5.1";

/** The CloudEvents binding of CDEvents: the context once more as attributes, the whole CDEvent as the data. */
export const inCloudEvent = (event: Cdevent): CloudEvent => ({
  specversion: "1.0",
  id: event.context.id,
  source: event.context.source,
  type: event.context.type,
  subject: event.subject.id,
  time: event.context.timestamp,
  datacontenttype: "application/json",
  data: event,
});

/** The CDEvent that a CloudEvent carries by that binding; undefined when it carries none. */
export function carriedBy({ id, type, data }: CloudEvent): Cdevent | undefined {
  const read = cdevent.safeParse(data);
  return read.success && read.data.context.id === id && read.data.context.type === type
    ? read.data
    : undefined;
}

// RFC 3986 in its usual part; what is not surely a reference is percent-encoded as one path segment.
const uriReference =
  /^([A-Za-z][A-Za-z0-9+.-]*:)?(\/\/[A-Za-z0-9.-]+(:\d{1,5})?(?=[/?#]|$))?(?!\/\/)([A-Za-z0-9._~!$&'()*+,;=@/-]|%[0-9A-F]{2})*(\?[A-Za-z0-9._~!$&'()*+,;=@/:-]*)?(#[A-Za-z0-9._~!$&'()*+,;=@/:-]*)?$/;
const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export const asReference = (text: string): string =>
  uriReference.test(text) ? text : `/${encodeURIComponent(text)}`;

export const asTimestamp = (time: string | undefined, at: string): string =>
  time !== undefined && dateTime.test(time) ? time : at;
