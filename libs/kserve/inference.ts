import type { CloudEvent } from "@jackfield/spec/event/envelope";

const prefix = "org.kubeflow.serving.inference.";

/** One side of a served prediction, as KServe's inference logger tells it. */
export interface Inference {
  side: "request" | "response";
  /** The same on both sides: only the type parts their keys. */
  id: string;
  source: string;
  service: string;
  namespace: string;
  /** Absent when the logger left it empty. */
  endpoint?: string;
  component?: string;
  time?: string;
  /** The payload of the predict call, as it went over the wire. */
  payload: unknown;
}

/** A foreign event → one side of a served prediction; undefined when it is none. */
export function inferenceIn(event: CloudEvent): Inference | undefined {
  const side = sideOf(event.type);
  const [service, namespace] = [textOf(event, "inferenceservicename"), textOf(event, "namespace")];
  if (side === undefined || service === undefined || namespace === undefined) return undefined;
  const [endpoint, component] = [textOf(event, "endpoint"), textOf(event, "component")];
  return {
    side,
    id: event.id,
    source: event.source,
    service,
    namespace,
    ...(endpoint !== undefined && { endpoint }),
    ...(component !== undefined && { component }),
    ...(event.time !== undefined && { time: event.time }),
    payload: event.data ?? event.data_base64,
  };
}

const sideOf = (type: string): Inference["side"] | undefined => {
  const side = type.startsWith(prefix) ? type.slice(prefix.length) : undefined;
  return side === "request" || side === "response" ? side : undefined;
};

const textOf = (event: CloudEvent, name: string): string | undefined => {
  const value = event[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** What was asked and what was answered. */
export interface Served {
  id: string;
  service: string;
  namespace: string;
  endpoint?: string;
  asked: unknown;
  answered: unknown;
}

/**
 * Request and response of one call, in either order → what was served; undefined when they are not the two sides of one.
 * The logger drops what its queue cannot hold, so a side may never come.
 */
export function servedBy(one: Inference, other: Inference): Served | undefined {
  const [request, response] = one.side === "request" ? [one, other] : [other, one];
  const isPair =
    request.side === "request" &&
    response.side === "response" &&
    (["id", "service", "namespace"] as const).every((name) => request[name] === response[name]);
  if (!isPair) return undefined;
  const { id, service, namespace, payload: asked } = request;
  const endpoint = response.endpoint ?? request.endpoint;
  return {
    id,
    service,
    namespace,
    ...(endpoint !== undefined && { endpoint }),
    asked,
    answered: response.payload,
  };
}
