import { z } from "zod";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { asReference, asTimestamp, specversion, type Cdevent, type Link, type Logged } from "./cdevent.ts";

/** What an event of ours has beyond `context` and `subject`; under `customData`. */
const beyond = z.object({
  /** Attributes as they are on the event, where the context does not say the same. */
  attributes: z.record(z.string(), z.unknown()).default({}),
  /** What a CDEvent must have and the event has not. */
  absent: z.array(z.string()).default([]),
  /** Data that is no JSON object. */
  data: z.unknown().optional(),
  data_base64: z.string().optional(),
});

/** An event of ours → a custom CDEvent, valid against the official schema of custom events, that says all of it. */
export function toCustom(logged: Logged): Cdevent {
  const { data, data_base64, ...attributes } = logged.event;
  const bare = bareOf(logged);
  const said = saidBy(bare);
  const left = Object.entries(attributes).filter(([name, value]) => said.get(name) !== value);
  const absent = [...said.keys()].filter((name) => logged.event[name] === undefined);
  const customData: z.input<typeof beyond> = {
    attributes: Object.fromEntries(left),
    ...(absent.length > 0 && { absent }),
    ...(data !== undefined && !isObject(data) && { data }),
    ...(data_base64 !== undefined && { data_base64 }),
  };
  return { ...bare, customData };
}

/**
 * A custom CDEvent of ours → the event: the inverse of `toCustom`. One that somebody else wrote needs no `customData`.
 * @throws ZodError when `customData` is there and is not ours.
 */
export function fromCustom(event: Cdevent): CloudEvent {
  const { attributes, absent, ...content } = beyond.parse(event.customData ?? {});
  const all = new Map([...saidBy(event), ...Object.entries({ ...attributes, ...content })]);
  for (const name of absent) if (!Object.hasOwn(content, name)) all.delete(name);
  // Whoever takes it in checks it as any event.
  return Object.fromEntries(all) as CloudEvent;
}

function bareOf({ event, at }: Logged): Cdevent {
  const links: Link[] = [
    ...(event.causationid === undefined ? [] : [path(event.causationid)]),
    ...(event.triggeredid === undefined ? [] : [answers(event.triggeredid)]),
  ];
  return {
    context: {
      specversion,
      id: event.id,
      source: asReference(event.source),
      type: event.type,
      timestamp: asTimestamp(event.time, at),
      ...(event.correlationid !== undefined && { chainId: event.correlationid }),
      ...(links.length > 0 && { links }),
    },
    subject: { id: event.subject ?? event.id, content: isObject(event.data) ? event.data : {} },
  };
}

/** The direct cause. */
export const path = (contextId: string): Link => ({ linkType: "PATH", from: { contextId } });

/** The `triggered` that is answered. */
const answers = (contextId: string): Link => ({
  linkType: "RELATION",
  linkKind: "TRIGGER",
  target: { contextId },
});

/** Attributes and data that context and subject say. */
function saidBy({ context, subject }: Cdevent): Map<string, unknown> {
  const { links = [] } = context;
  const cause = links.find(({ linkType }) => linkType === "PATH")?.from?.contextId;
  const answered = links.find(({ linkKind }) => linkKind === "TRIGGER")?.target?.contextId;
  const said = Object.entries({
    specversion: "1.0",
    id: context.id,
    source: context.source,
    type: context.type,
    subject: subject.id,
    time: context.timestamp,
    correlationid: context.chainId,
    causationid: cause,
    triggeredid: answered,
    data: subject.content,
  });
  return new Map(said.filter(([, value]) => value !== undefined));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
