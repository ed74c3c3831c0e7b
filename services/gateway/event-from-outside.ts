import { carriedBy } from "@jackfield/cdevents/cdevent";
import { fromCustom } from "@jackfield/cdevents/custom";
import { contentDigest } from "@jackfield/events/digest";
import { fromJson, type Decoded } from "@jackfield/events/codec";
import { nearestNames } from "@jackfield/problem/nearest";
import { Problem } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { defaultOrganization } from "@jackfield/spec/event/names";
import { requestedData } from "@jackfield/spec/event/task";
import { longType, parseType, shortType } from "@jackfield/spec/event/type";
import { codeChanged } from "@jackfield/spec/facts/code";
import { dataChanged } from "@jackfield/spec/facts/data";
import { runRequested } from "@jackfield/spec/facts/run";
import { ZodError, type z } from "zod";
import { contractBroken } from "./serve-route.ts";

/** What a clock and a random source give, and what the request said beside its body. */
export interface Circumstances {
  time: string;
  drawnId: string;
  /** Where the caller's own events come from, when its token says so. */
  source?: string | undefined;
  /** The header Idempotency-Key: sending the same again is then harmless without an id inside. */
  key?: string | undefined;
  /** Every type of ours, in long form. */
  types: readonly string[];
}

export interface Outside {
  event: CloudEvent;
  digest: string;
}

/**
 * What people write by hand → CloudEvent: short types are made long, and what is left out is filled in.
 * @throws Problem E_INVALID, E_NOT_AN_EVENT, E_NOT_YOURS that names the place.
 */
export function fromShorthand(said: Record<string, unknown>, about: Circumstances): Outside {
  const type = typeof said["type"] === "string" ? longType(said["type"]) : undefined;
  if (type === undefined) throw notAnEvent("type: is missing; it says what happened, train.requested say");
  const id = about.key ?? said["id"] ?? about.drawnId;
  return admitted(
    fromJson({
      specversion: "1.0",
      source: about.source ?? "/outside",
      time: about.time,
      ...(said["data"] !== undefined && { datacontenttype: "application/json" }),
      correlationid: id,
      organization: defaultOrganization,
      ...said,
      type,
      id,
    }),
    about,
  );
}

/** An event that somebody sent whole. Foreign ones are taken as they are. @throws like `fromShorthand`. */
export function admitted(sent: Decoded, about: Pick<Circumstances, "types">): Outside {
  const decoded = sent.ok ? unwrapped(sent) : sent;
  if (!decoded.ok) throw notAnEvent(decoded.reason);
  const { event } = decoded;
  if (isOurs(event.source))
    throw notYours(`The source ${event.source} belongs to Jackfield itself.`, "/source");
  if (parseType(event.type) === undefined) return decoded;
  checkOwn(event, about.types);
  const whole = {
    ...event,
    ...(event.data === undefined && event.data_base64 === undefined && { data: {} }),
    correlationid: event.correlationid ?? event.id,
    organization: event.organization ?? defaultOrganization,
  };
  return { event: whole, digest: contentDigest(whole) };
}

/** Nobody from outside speaks as these. */
export const isOurs = (source: string): boolean =>
  source === "/jackfield" || source.startsWith("/jackfield/");

/** An event of ours in the CDEvents binding has the whole CDEvent as its data → the event that it says. */
function unwrapped(decoded: Decoded & { ok: true }): Decoded {
  const { event } = decoded;
  const carried = parseType(event.type) === undefined ? undefined : carriedBy(event);
  if (carried === undefined) return decoded;
  const { data: _, ...attributes } = event;
  try {
    return fromJson({ ...attributes, ...fromCustom(carried) });
  } catch (thrown) {
    throw thrown instanceof ZodError ? contractBroken("the CDEvent", thrown, "/data/customData") : thrown;
  }
}

/** Our own words: only requests, and the two facts that CI states, come from outside, and they keep their contract. */
function checkOwn(event: CloudEvent, types: readonly string[]): void {
  const short = shortType(event.type);
  const known = types.map(shortType);
  if (!known.includes(short)) throw unknownType(short, known.filter(isForEverybody));
  if (!isForEverybody(short))
    throw notYours(
      `${short} is said by Jackfield and its handlers only.`,
      "/type",
      known.filter(isForEverybody),
    );
  if (short.endsWith(".requested") && event.project === undefined)
    throw new Problem("E_INVALID", `${short} needs a project.`, { here: "/project" });
  const checked = contractOf(short).safeParse(event.data ?? {});
  if (!checked.success) throw contractBroken(`the data of ${short}`, checked.error, "/data");
}

const stated = new Map<string, z.ZodType>(
  [runRequested, codeChanged, dataChanged].map((fact) => [shortType(fact.type), fact.data]),
);

const isForEverybody = (short: string): boolean => stated.has(short) || short.endsWith(".requested");
const contractOf = (short: string): z.ZodType => stated.get(short) ?? requestedData;

function unknownType(short: string, known: string[]): Problem {
  const near = nearestNames(short, known);
  return new Problem("E_INVALID", `No event is called ${short}.`, {
    here: "/type",
    next:
      near.length > 0
        ? `did you mean ${near.join(" or ")}?`
        : `ours are ${known.join(", ")}; a type of your own is written whole: com.example.thing`,
  });
}

const notYours = (what: string, here: string, instead?: string[]): Problem =>
  new Problem("E_NOT_YOURS", what, {
    here,
    next:
      instead === undefined
        ? "name yourself in source: a path or URL of your own, /ci/github say"
        : `from outside come ${instead.join(", ")}, and types of your own`,
  });

/** The codec's reasons begin with the attribute. */
function notAnEvent(reason: string): Problem {
  const attribute = /^"?([A-Za-z0-9_]+)"?(?=:| is no )/.exec(reason)?.[1];
  return new Problem("E_NOT_AN_EVENT", "This is no CloudEvent.", {
    why: reason,
    ...(attribute !== undefined && { here: `/${attribute}` }),
    next: 'the least is {"type": "run.requested", "project": "weather"}, with content-type: application/json',
  });
}
