import { schemaOfEvent, maxEventBytes, type CloudEvent } from "@jackfield/spec/event/envelope";
import { Problem } from "@jackfield/problem/problem";
import { plainEvent } from "@jackfield/spec/event/plain-envelope";
import { encodeHeader, isJsonType } from "./header-text.ts";
import { printJson } from "./json-text.ts";

export const structuredType = "application/cloudevents+json";
export const batchType = "application/cloudevents-batch+json";

/** An event as it travels: the body, and header lines in the order in which they are written. */
export interface Encoded {
  body: Uint8Array;
  headers: [name: string, value: string][];
}

/** NATS sends datacontenttype as `ce-datacontenttype`, HTTP as `Content-Type`; nothing else differs. */
export type Binding = "nats" | "http";

/**
 * An event in structured mode: the whole event as JSON. The writer is strict, so that readers elsewhere need not be lenient.
 * @throws Problem E_INVALID naming the attribute, E_TOO_LARGE over 64 KiB.
 */
export function encodeStructured(event: CloudEvent): Encoded {
  checkEvent(event);
  const encoded: Encoded = {
    body: Buffer.from(jsonOf(event, event)),
    headers: [["Content-Type", structuredType]],
  };
  return ofAllowedSize(event, encoded);
}

/**
 * An event in binary mode: the data as body, each attribute a `ce-` header.
 * @throws Problem E_INVALID naming the attribute, E_TOO_LARGE over 64 KiB.
 */
export function encodeBinary(event: CloudEvent, binding: Binding = "nats"): Encoded {
  checkEvent(event);
  const headers: [string, string][] = [];
  for (const [name, value] of attributesOf(event)) {
    if (name === "datacontenttype" && binding === "http") headers.push(["Content-Type", String(value)]);
    else headers.push([`ce-${name}`, encodeHeader(String(value))]);
  }
  if (binding === "http" && event.datacontenttype === undefined && event.data !== undefined) {
    headers.push(["Content-Type", "application/json"]);
  }
  return ofAllowedSize(event, { body: bytesOf(event), headers });
}

function bytesOf(event: CloudEvent): Uint8Array {
  if (event.data_base64 !== undefined) return Buffer.from(event.data_base64, "base64");
  if (event.data === undefined) return new Uint8Array();
  if (!isJsonType(event.datacontenttype) && typeof event.data === "string") return Buffer.from(event.data);
  return Buffer.from(jsonOf(event, event.data));
}

function jsonOf(event: CloudEvent, value: unknown): string {
  try {
    return printJson(value);
  } catch (error) {
    throw new Problem("E_INVALID", `The data of ${printName(event)} cannot be written as JSON.`, {
      cause: error,
    });
  }
}

const attributesOf = (event: CloudEvent): [string, unknown][] =>
  Object.entries(event).filter(
    ([name, value]) => name !== "data" && name !== "data_base64" && value !== undefined,
  );

function checkEvent(event: CloudEvent): void {
  if (plainEvent(event) !== undefined) return;
  const checked = schemaOfEvent(event.type).safeParse(event);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw invalid(event, `${issue?.path.join(".") ?? "it"}: ${issue?.message ?? "is wrong"}`);
  }
  for (const [name, value] of attributesOf(event)) {
    const reason = faultOf(name, value);
    if (reason !== undefined) throw invalid(event, `${name}: ${reason}`);
  }
  if (event.data !== undefined && event.data_base64 !== undefined) {
    throw invalid(event, "data and data_base64 are both there");
  }
}

// Control characters, half surrogate pairs and noncharacters are no CloudEvents strings (CloudEvents 1.0.2 §Type System).
const notText = /[\p{Cc}\p{Surrogate}\p{Noncharacter_Code_Point}]/u;

/** Why this is no attribute that may be sent, or undefined. */
function faultOf(name: string, value: unknown): string | undefined {
  if (!/^[a-z0-9]{1,20}$/.test(name)) return "an attribute's name is 1 to 20 lower-case letters and digits";
  if (typeof value === "boolean") return undefined;
  if (typeof value === "number") {
    return Number.isInteger(value) && Math.abs(value) <= 2_147_483_647 ? undefined : "is no 32-bit integer";
  }
  if (typeof value !== "string") return "an attribute is text, a 32-bit integer or a boolean";
  return notText.test(value) ? "has characters that an attribute may not have" : undefined;
}

const printName = (event: CloudEvent): string => `the event ${event.id} (${event.type})`;

const invalid = (event: CloudEvent, why: string): Problem =>
  new Problem("E_INVALID", `${upperFirst(printName(event))} breaks the envelope.`, { why });

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function ofAllowedSize(event: CloudEvent, encoded: Encoded): Encoded {
  let bytes = encoded.body.byteLength;
  for (const [name, value] of encoded.headers) bytes += name.length + value.length + 4;
  if (bytes <= maxEventBytes) return encoded;
  throw new Problem(
    "E_TOO_LARGE",
    `${upperFirst(printName(event))} is ${bytes} bytes; at most ${maxEventBytes} travel.`,
    {
      next: "store the large part as an artifact and send its descriptor",
    },
  );
}
