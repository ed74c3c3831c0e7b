import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { parseType } from "@jackfield/spec/event/type";

/** Somebody is addressed, and takes a slot. */
export const isGiven = ({ type, handler, data }: CloudEvent): boolean =>
  parseType(type)?.predicate === "triggered" &&
  handler !== undefined &&
  !(typeof data === "object" && data !== null && "cached" in data);
