import { decode, decodeBatch, fromJson, type Decoded } from "@jackfield/events/codec";
import { batchType, encodeStructured, structuredType } from "@jackfield/events/encode";
import { isJsonType, mediaTypeOf } from "@jackfield/events/header-text";
import { asProblem, Problem } from "@jackfield/problem/problem";
import type { IncomingHttpHeaders } from "node:http";
import { admitted, fromShorthand, type Circumstances, type Outside } from "./event-from-outside.ts";
import { parseBody, refuseFaults } from "./json-body.ts";
import { EdgeProblem } from "./problem-answer.ts";
import { notJson } from "./serve-route.ts";

export interface Posted {
  body: Uint8Array;
  headers: IncomingHttpHeaders;
  /** Each header with all its values: one that is there twice could be understood in two ways. */
  lines: NodeJS.Dict<string[]>;
}

/** A new id for an event that has none, and the time; drawn anew for each event of a batch. */
export type Draw = () => Pick<Circumstances, "time" | "drawnId" | "source">;

const mostEvents = 1_000;

/**
 * A posted body → its events, whatever the mode: structured, binary, batched, or the shorthand for people.
 * `batch` says that the answer is a list. One bad event refuses the whole batch and names its index.
 * @throws Problem
 */
export function readPosted(
  { body, headers, lines }: Posted,
  types: readonly string[],
  draw: Draw,
): { batch: boolean; events: Outside[] } {
  const contentType = headers["content-type"] ?? "";
  const key = keyOf(headers);
  const media = mediaTypeOf(contentType);
  if (media === batchType || media === structuredType || isJsonType(contentType)) refuseFaults(body);
  if (media === batchType) {
    const decoded = decodeBatch(body);
    if (decoded.ok) {
      const read = (one: Decoded, index: number): Outside =>
        oneKey(admitted(one, { types }), keyAt(key, index));
      return { batch: true, events: each(decoded.events, read) };
    }
    parseBody(body);
    throw new Problem("E_NOT_AN_EVENT", "This is no batch of CloudEvents.", { why: decoded.reason });
  }
  if (media.startsWith("application/cloudevents") && media !== structuredType)
    throw new EdgeProblem(415, "E_NOT_AN_EVENT", {
      what: `The format ${media} is not read here.`,
      next: `send ${structuredType}, ${batchType}, application/json, or binary mode`,
    });
  if (media === structuredType || headers["ce-specversion"] !== undefined) {
    if (media === structuredType) parseBody(body);
    const decoded = decode({ body, headers: Object.entries(lines) }, "http");
    return { batch: false, events: [oneKey(admitted(decoded, { types }), key)] };
  }
  if (media === "" || !isJsonType(contentType)) throw notJson(contentType);
  return readJson(parseBody(body), { types, draw, key });
}

function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const key = headers["idempotency-key"];
  // RFC draft httpapi-idempotency-key writes it as a quoted string; people do not.
  return typeof key === "string" && key !== "" ? key.replace(/^"(.*)"$/, "$1") : undefined;
}

const keyAt = (key: string | undefined, index: number): string | undefined =>
  key === undefined ? undefined : `${key}-${index}`;

/** An event is known by its source and id; a key that says something else could not be kept. */
function oneKey(outside: Outside, key: string | undefined): Outside {
  const { id } = outside.event;
  if (key === undefined || key === id) return outside;
  throw new Problem("E_INVALID", `The header Idempotency-Key says ${key}, the id of the event ${id}.`, {
    why: "source and id are what makes sending an event twice harmless",
    here: "/id",
    next: "leave the header out, or let both say the same",
  });
}

interface Reading {
  types: readonly string[];
  draw: Draw;
  key: string | undefined;
}

/** `application/json`: whole events where `specversion` is, shorthand where not, alone or in a list. */
function readJson(value: unknown, reading: Reading): { batch: boolean; events: Outside[] } {
  if (!Array.isArray(value)) return { batch: false, events: [fromValue(value, reading, reading.key)] };
  return {
    batch: true,
    events: each(value, (one, index) => fromValue(one, reading, keyAt(reading.key, index))),
  };
}

function fromValue(value: unknown, { types, draw }: Reading, key: string | undefined): Outside {
  if (typeof value !== "object" || value === null || "specversion" in value || Array.isArray(value))
    return oneKey(admitted(fromJson(value), { types }), key);
  return fromShorthand(Object.fromEntries(Object.entries(value)), { ...draw(), key, types });
}

function each<Item>(items: readonly Item[], read: (item: Item, index: number) => Outside): Outside[] {
  if (items.length > mostEvents)
    throw new Problem("E_TOO_LARGE", `A batch has at most ${mostEvents} events, this one ${items.length}.`);
  return items.map((item, index) => {
    try {
      const outside = read(item, index);
      // What cannot travel is met before the first of the batch is taken, not after.
      encodeStructured(outside.event);
      return outside;
    } catch (thrown) {
      throw atIndex(asProblem(thrown), index);
    }
  });
}

/** The problem of one event of a batch; nothing of the batch is taken. */
export const atIndex = (problem: Problem, index: number): Problem =>
  new Problem(problem.code, `Event ${index} of the batch: ${problem.message}`, {
    ...(problem.why !== undefined && { why: problem.why }),
    here: `/${index}${problem.here?.startsWith("/") === true ? problem.here : ""}`,
    ...(problem.next !== undefined && { next: problem.next }),
    cause: problem,
  });
