import { schemaOfEvent, integerAttributes, type CloudEvent } from "@jackfield/spec/event/envelope";
import { plainEvent } from "@jackfield/spec/event/plain-envelope";
import { contentDigest } from "./digest.ts";
import { batchType, structuredType, type Binding } from "./encode.ts";
import { decodeHeader, isJsonType, mediaTypeOf, readHeaders, type HeaderLines } from "./header-text.ts";
import { isTooDeep, parseJson } from "./json-text.ts";

/** Bytes that somebody sent, with their headers. */
export interface Received {
  body: Uint8Array;
  headers: HeaderLines;
}

/** `unsupported` says that it is a CloudEvent in a format that nobody here reads (HTTP: 415). */
export interface NotAnEvent {
  ok: false;
  reason: string;
  unsupported?: true;
}

export type Decoded =
  | {
      ok: true;
      event: CloudEvent;
      /** Made when it is looked at: it costs as much as the rest of the reading, and most readers never ask. */
      readonly digest: string;
      /** The bytes that came, where they are the event as JSON text: whoever stores that text need not write it anew. */
      json?: Uint8Array;
    }
  | NotAnEvent;

/**
 * Bytes and headers → event. The reader is lenient: structured mode with its header in any case, structured mode without
 * any header (as CloudEvents 1.0.2 showed it), binary mode. Unknown extensions, falsy data, 64-bit integers in data and
 * the time as it was sent are kept. What is no event comes back with the reason; nothing is thrown.
 */
export function decode(received: Received, binding: Binding = "nats"): Decoded {
  const { values, doubled } = readHeaders(received.headers);
  const contentType = values.get("content-type") ?? "";
  if (contentType.toLowerCase().startsWith("application/cloudevents")) {
    const format = mediaTypeOf(contentType);
    if (format === structuredType) return decodeJson(received.body);
    return { ok: false, reason: `the format ${format} is not read here`, unsupported: true };
  }
  if (values.has("ce-specversion")) {
    const [twice] = [...doubled].filter((name) => name.startsWith("ce-"));
    if (twice !== undefined) return no(`the header ${twice} is there twice`);
    return decodeBinary(received.body, values, binding);
  }
  return decodeJson(received.body);
}

/** A batch (HTTP only) → each of its events, judged alone. */
export function decodeBatch(body: Uint8Array): { ok: true; events: Decoded[] } | NotAnEvent {
  const read = jsonOf(body);
  if (!read.ok) return read;
  if (!Array.isArray(read.value)) return no(`a batch (${batchType}) is a JSON array`);
  return { ok: true, events: read.value.map((one) => fromJson(one)) };
}

/** A JSON value that should be an event in the JSON format → event. `body`: the bytes that it was parsed from. */
export function fromJson(value: unknown, body?: Uint8Array): Decoded {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return no("it is no JSON object");
  if (!isPlain(value)) return checked(withoutNulls(value));
  // A byte order mark was skipped in reading; with it the bytes are no JSON text.
  return checked(value, body?.[0] === curlyBracket ? body : undefined);
}

const curlyBracket = 0x7b;

type Attributes = Record<string, unknown>;

/** Most events need no copy. */
function isPlain(value: object): value is Attributes {
  for (const [name, content] of Object.entries(value)) {
    if (content === null && name !== "data") return false;
    if (typeof content === "string" && integerAttributes.has(name)) return false;
  }
  return true;
}

/** Null attributes are absent (CloudEvents JSON format §2.2). Object.fromEntries makes even `__proto__` an ordinary name. */
const withoutNulls = (value: object): Attributes =>
  Object.fromEntries(
    Object.entries(value)
      .filter(([name, content]) => name === "data" || content !== null)
      .map(([name, content]) => [name, integerWhere(name, content)]),
  );

const decodeJson = (body: Uint8Array): Decoded => {
  const read = jsonOf(body);
  return read.ok ? fromJson(read.value, body) : read;
};

function decodeBinary(body: Uint8Array, headers: Map<string, string>, binding: Binding): Decoded {
  const attributes: [string, unknown][] = [];
  for (const [header, sent] of headers) {
    if (!header.startsWith("ce-")) continue;
    const value = decodeHeader(sent);
    if (value === undefined) return no(`the header ${header} is no UTF-8`);
    attributes.push([header.slice(3), integerWhere(header.slice(3), value)]);
  }
  const event: Attributes = Object.fromEntries(attributes);
  const contentType = headers.get("content-type");
  if (binding === "http" && contentType !== undefined) event["datacontenttype"] = contentType;
  if ("data" in event || "data_base64" in event) return no("no attribute is called data");
  const fault = addData(event, body);
  return fault ?? checked(event);
}

function addData(event: Attributes, body: Uint8Array): NotAnEvent | undefined {
  if (body.byteLength === 0) return undefined;
  const type = event["datacontenttype"];
  const read = isJsonType(typeof type === "string" ? type : undefined) ? jsonOf(body) : undefined;
  if (read?.ok === true) event["data"] = read.value;
  // Without a content type nothing was promised: what is no JSON is bytes.
  else if (read === undefined || type === undefined)
    event["data_base64"] = Buffer.from(body).toString("base64");
  else return no(`the data are no JSON (${read.reason})`);
  return undefined;
}

const integerWhere = (name: string, value: unknown): unknown =>
  integerAttributes.has(name) && typeof value === "string" && /^-?\d{1,10}$/.test(value)
    ? Number(value)
    : value;

// No control characters in the schema; half surrogate pairs have no canonical form, so they cannot be part of a key.
const broken = /\p{Surrogate}/u;

function checked(event: Attributes, json?: Uint8Array): Decoded {
  const known = plainEvent(event) ?? judged(event);
  if (typeof known === "string") return no(known);
  if (isTooDeep(known.data)) return no("the data are nested too deep");
  return decodedFrom(known, json);
}

/** The event, or why it is none. */
function judged(event: Attributes): CloudEvent | string {
  for (const [name, value] of Object.entries(event)) {
    if (name === "data" || name === "data_base64") continue;
    if (!/^[a-z0-9]+$/.test(name)) return `${JSON.stringify(name)} is no attribute name`;
    if (typeof value === "string" ? broken.test(value) : !isScalar(value))
      return `${name} is no attribute value`;
  }
  if (event["data"] !== undefined && event["data_base64"] !== undefined) {
    return "data and data_base64 are both there";
  }
  const parsed = schemaOfEvent(event["type"]).safeParse(event);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is wrong"}`;
}

function decodedFrom(event: CloudEvent, json: Uint8Array | undefined): Decoded {
  let digest: string | undefined;
  return {
    ok: true,
    event,
    ...(json !== undefined && { json }),
    get digest() {
      return (digest ??= contentDigest(event));
    },
  };
}

const isScalar = (value: unknown): boolean => typeof value === "boolean" || Number.isInteger(value);

const utf8 = new TextDecoder("utf-8", { fatal: true });

function jsonOf(body: Uint8Array): { ok: true; value: unknown } | NotAnEvent {
  try {
    return { ok: true, value: parseJson(utf8.decode(body)) };
  } catch (error) {
    return no(error instanceof Error ? error.message : String(error));
  }
}

const no = (reason: string): NotAnEvent => ({ ok: false, reason });
