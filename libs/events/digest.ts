import { createHmac } from "node:crypto";
import { digestOf } from "@jackfield/spec/event/canonical";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventKey } from "@jackfield/spec/event/ids";
import { isJsonType } from "./header-text.ts";
import { parseJson, sortedJson } from "./json-text.ts";

/** When an honest producer makes an event again, these may differ; so may nothing else. */
const passing: ReadonlySet<string> = new Set(["time", "traceparent", "tracestate", "data", "data_base64"]);

/**
 * `sha256:<hex>` over every attribute but `time`, `traceparent`, `tracestate`, and the data. JSON data count by value
 * (key order and white space do not), and the mode in which an event travels makes no difference.
 * @throws TypeError for data that JSON cannot say or that are nested deeper than 500.
 */
export function contentDigest(event: CloudEvent): string {
  let attributes = "";
  for (const name of Object.keys(event).sort()) {
    if (passing.has(name) || event[name] === undefined) continue;
    // In binary mode all attributes are text. The length keeps two attributes from looking like one.
    const value = textOf(event[name]);
    attributes += `${name}=${value.length}:${value}\n`;
  }
  return digestOf(attributes + dataText(event));
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function dataText(event: CloudEvent): string {
  const json = isJsonType(event.datacontenttype);
  if (event.data_base64 !== undefined) {
    const bytes = Buffer.from(event.data_base64, "base64");
    return (json ? valueText(bytes.toString("utf8")) : undefined) ?? `b${bytes.toString("base64")}`;
  }
  if (event.data === undefined) return "";
  if (!json && typeof event.data === "string") return `b${Buffer.from(event.data).toString("base64")}`;
  return `j${sortedJson(event.data)}`;
}

function valueText(text: string): string | undefined {
  try {
    return `j${sortedJson(parseJson(text))}`;
  } catch {
    return undefined;
  }
}

/**
 * `Nats-Msg-Id`: the log's key and the content digest together. The server then drops true repeats only; a conflict
 * reaches the log. The secret of the sender is in it, for an answer that is easily guessed (`pass`, and nothing else) has
 * bytes that anybody can make: who sent junk under that id first would have the answer dropped.
 */
export const messageId = (event: CloudEvent, digest: string, secret = ""): string =>
  createHmac("sha256", secret)
    .update(`${eventKey(event)}\n${digest}`)
    .digest("base64url");
