import { z } from "zod";
import { scopeName } from "./names.ts";
import { result, status } from "./outcome.ts";
import { parseType } from "./type.ts";

// CloudEvents strings have no control characters (CloudEvents 1.0.2 §Type System). One check, not two: every event that
// is read passes here with a dozen of them, and a second one doubled the cost.
const text = z.string().regex(/^\P{Cc}+$/u, "is empty or has control characters");
const timestamp = z.iso.datetime({ offset: true });
const int32 = z.int().min(-2_147_483_648).max(2_147_483_647);

/** The attributes that Jackfield gives a meaning; every other extension is kept as it came. */
const attributes = {
  specversion: z.literal("1.0"),
  id: text,
  source: text,
  type: text,
  subject: text.optional(),
  time: timestamp.optional(),
  datacontenttype: text.optional(),
  dataschema: text.optional(),
  /** The whole story, across runs. */
  correlationid: text.optional(),
  /** The direct cause; absent only at a root. */
  causationid: text.optional(),
  causationsource: text.optional(),
  organization: scopeName.optional(),
  project: scopeName.optional(),
  subproject: scopeName.optional(),
  stage: scopeName.optional(),
  run: text.optional(),
  runname: text.optional(),
  /** On the facts of a run: which workflow it goes through, so that others can listen to it. */
  workflow: text.optional(),
  /** On started, progressed, finished: the id of the `triggered` that is answered. */
  triggeredid: text.optional(),
  handler: scopeName.optional(),
  role: z.enum(["primary", "shadow"]).optional(),
  attempt: int32.min(1).optional(),
  status: status.optional(),
  result: result.optional(),
  expirytime: timestamp.optional(),
  traceparent: text.optional(),
  tracestate: text.optional(),
  dataref: text.optional(),
  datadigest: text.optional(),
  authtype: text.optional(),
  authid: text.optional(),
};

const content = { data: z.unknown().optional(), data_base64: z.base64().optional() };

/** A CloudEvent 1.0 in its JSON form: attributes flat, plain content under `data` (or bytes under `data_base64`). */
export const ownEvent = z.looseObject({ ...attributes, ...content }).meta({ id: "CloudEvent" });

export type CloudEvent = z.output<typeof ownEvent>;

// A stranger's `status` or `stage` is a word of theirs. It is kept and shown; nothing is decided by it. `project` and
// `subproject` say where the event belongs here, so they are ours on every event.
const words = ["stage", "handler", "role", "status", "result"] as const;
const free = Object.fromEntries(words.map((name) => [name, text.optional()]));
const scalar = z.union([text, z.number(), z.boolean()]).optional();

const foreignEvent = z
  .looseObject({ ...attributes, ...free, attempt: scalar, ...content })
  .refine(({ type }) => parseType(type) === undefined, "is a type of ours with attributes that are not")
  .meta({ id: "ForeignEvent" });

/** The schema for an event of this type: ours keep our attributes, a stranger's only those of CloudEvents. */
export const schemaOfEvent = (type: unknown): typeof cloudEvent =>
  // Who reads a foreign event by these names sees text; the types say what they are on ours.
  (typeof type === "string" && parseType(type) === undefined ? foreignEvent : ownEvent) as typeof cloudEvent;

/** Any event, ours or foreign. */
export const cloudEvent = z.union([ownEvent, foreignEvent]) as z.ZodType<CloudEvent, CloudEvent>;

/** Attributes that are integers; in binary mode they arrive as text. */
export const integerAttributes: ReadonlySet<string> = new Set(["attempt"]);

/** Where an event belongs; copied from cause to effect. */
export type Scope = Pick<CloudEvent, "organization" | "project" | "subproject" | "stage">;

export const scopeOf = (event: Scope): Scope => ({
  ...(event.organization !== undefined && { organization: event.organization }),
  ...(event.project !== undefined && { project: event.project }),
  ...(event.subproject !== undefined && { subproject: event.subproject }),
  ...(event.stage !== undefined && { stage: event.stage }),
});

/** What links an effect to its cause: the same story, and the direct cause (with its source when that is foreign). */
export function causedBy(
  cause: CloudEvent,
): Pick<CloudEvent, "correlationid" | "causationid" | "causationsource"> {
  return {
    correlationid: cause.correlationid ?? cause.id,
    causationid: cause.id,
    ...(!cause.source.startsWith("/jackfield/") && { causationsource: cause.source }),
  };
}

/** An event is at most this many bytes; more goes to an artifact. */
export const maxEventBytes = 65_536;
