import { parseType } from "@jackfield/spec/event/type";
import { carriedBy, type Cdevent, type Logged } from "./cdevent.ts";
import { toCustom } from "./custom.ts";
import { toStandard } from "./standard.ts";

/**
 * An event as CDEvents. Ours: the custom event, and after it the standard fact, where it is one. A foreign CDEvent: as it
 * came. Any other foreign event has no CDEvents form, so none.
 */
export function toCdevents(logged: Logged): Cdevent[] {
  const { event } = logged;
  if (parseType(event.type) === undefined) return [carriedBy(event)].filter((one) => one !== undefined);
  return [toCustom(logged), toStandard(logged)].filter((one) => one !== undefined);
}
