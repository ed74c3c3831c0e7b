import { inCloudEvent, type Logged } from "@jackfield/cdevents/cdevent";
import { toCdevents } from "@jackfield/cdevents/to-cdevents";
import { structuredType } from "@jackfield/events/encode";
import { toKeptn } from "@jackfield/keptn/to-keptn";
import { toOpenlineage } from "@jackfield/openlineage/to-openlineage";
import type { EventFormat } from "@jackfield/spec/http/events";

/** An event as it leaves the house: what it is called in a stream, and its body. */
export interface Rendered {
  name: string;
  contentType: string;
  body: unknown;
}

/** One event may be none or several in another language. */
export type Render = (logged: Logged) => Rendered[];

const json = "application/json";

const asCloudEvent = (body: unknown): Rendered => ({
  name: "cloudevent",
  contentType: structuredType,
  body,
});

export const renders: Record<EventFormat, Render> = {
  cloudevents: ({ event }) => [asCloudEvent(event)],
  cdevents: (logged) => toCdevents(logged).map((one) => asCloudEvent(inCloudEvent(one))),
  keptn: (logged) => toKeptn(logged).map(asCloudEvent),
  openlineage: (logged) =>
    toOpenlineage(logged).map((body) => ({ name: "openlineage", contentType: json, body })),
};
