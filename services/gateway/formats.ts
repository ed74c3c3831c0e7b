import { inCloudEvent, type Logged } from "@jackfield/cdevents/cdevent";
import { toCdevents } from "@jackfield/cdevents/to-cdevents";
import { structuredType } from "@jackfield/events/encode";
import type { EventFormat } from "@jackfield/spec/http/events";

/** An event as it leaves the house: what it is called in a stream, and its body. */
export interface Rendered {
  name: string;
  contentType: string;
  body: unknown;
}

/** One event may be none or several in another language. */
export type Render = (logged: Logged) => Rendered[];

const asCloudEvent = (body: unknown): Rendered => ({
  name: "cloudevent",
  contentType: structuredType,
  body,
});

export const renders: Record<EventFormat, Render> = {
  cloudevents: ({ event }) => [asCloudEvent(event)],
  cdevents: (logged) => toCdevents(logged).map((one) => asCloudEvent(inCloudEvent(one))),
};
