import { context, propagation, SpanKind, SpanStatusCode, trace, type Span } from "@opentelemetry/api";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Environment } from "./configuration.ts";

/** The trace of a story travels in its events, as the CloudEvents distributed tracing extension says. */
export type Trace = Pick<CloudEvent, "traceparent" | "tracestate">;

const exporterVariables = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_TRACES_EXPORTER",
];

/** Is an exporter configured? Only then is the SDK loaded: it costs 0.2 s and 30 MB. */
export const wantsTelemetry = (environment: Environment): boolean =>
  exporterVariables.some((name) => environment[name] !== undefined && environment[name] !== "none");

/** Starts the OpenTelemetry SDK when an exporter is configured; it reads the standard OTEL_ variables itself. */
export async function startTelemetry(
  service: string,
  environment: Environment,
): Promise<{ close(): Promise<void> } | undefined> {
  if (!wantsTelemetry(environment)) return undefined;
  const { NodeSDK } = await import("@opentelemetry/sdk-node");
  const sdk = new NodeSDK({ serviceName: environment["OTEL_SERVICE_NAME"] ?? `jackfield-${service}` });
  sdk.start();
  return { close: () => sdk.shutdown() };
}

const tracer = trace.getTracer("jackfield");

/** Runs work inside a span that continues the trace of an event. Without an SDK it only runs the work. */
export async function inSpan<Result>(
  name: string,
  event: CloudEvent,
  work: (carried: Trace) => Promise<Result>,
): Promise<Result> {
  const parent = propagation.extract(context.active(), event, {
    keys: (carrier) => Object.keys(carrier),
    get: (carrier, key) => (key === "traceparent" || key === "tracestate" ? carrier[key] : undefined),
  });
  const attributes = { "cloudevents.event_id": event.id, "cloudevents.event_type": event.type };
  return tracer.startActiveSpan(name, { kind: SpanKind.CONSUMER, attributes }, parent, async (span) => {
    try {
      return await work(carriedBy(span, event));
    } catch (thrown) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw thrown;
    } finally {
      span.end();
    }
  });
}

/** The trace that answers carry: the span's when it records, else what came. */
function carriedBy(span: Span, event: CloudEvent): Trace {
  const carried: Record<string, string> = {};
  if (span.isRecording()) propagation.inject(context.active(), carried);
  const traceparent = carried["traceparent"] ?? event.traceparent;
  const tracestate = carried["tracestate"] ?? event.tracestate;
  return {
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
  };
}
