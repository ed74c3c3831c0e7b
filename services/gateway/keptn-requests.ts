import { fromJson } from "@jackfield/events/codec";
import { requestIn } from "@jackfield/keptn/from-keptn";
import { shortType } from "@jackfield/spec/event/type";
import type { Contracts } from "./contracts.ts";
import { admitted, type Outside } from "./event-from-outside.ts";

/** Each event as it came, and after one of Keptn what it asks for in our words; so a list. @throws like `admitted`. */
export function withRequests(
  events: readonly Outside[],
  { types }: Pick<Contracts, "types">,
): { batch: true; events: Outside[] } {
  const requestOf = (name: string): string | undefined =>
    types.find((type) => shortType(type) === `${name}.requested`);
  const all = events.flatMap((one) => {
    const request = requestIn(one.event, requestOf);
    return request === undefined ? [one] : [one, admitted(fromJson(request), { types })];
  });
  return { batch: true, events: all };
}
