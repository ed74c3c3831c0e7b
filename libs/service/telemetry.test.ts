import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { inSpan, startTelemetry, wantsTelemetry } from "./telemetry.ts";

// A real OTLP receiver: what a collector would be sent, over real HTTP.
const received: string[] = [];
let collector: Server;
let endpoint: string;

beforeAll(async () => {
  collector = createServer((request, response) => {
    void text(request).then((body) => {
      received.push(body);
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const address = collector.address();
  endpoint = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterAll(() => new Promise<void>((resolve) => collector.close(() => resolve())));

const traceId = "0af7651916cd43dd8448eb211c80319c";
const triggered: CloudEvent = {
  specversion: "1.0",
  id: "r/train/acme/1/triggered",
  source: "/jackfield/conductor",
  type: "dev.cdeventsx.jackfield-train.triggered.1.0.0",
  traceparent: `00-${traceId}-b7ad6b7169203331-01`,
};

test("without an exporter nothing is loaded, and the trace of the event is carried on", async () => {
  expect(wantsTelemetry({})).toBe(false);
  expect(wantsTelemetry({ OTEL_TRACES_EXPORTER: "none" })).toBe(false);
  expect(await startTelemetry("train", {})).toBeUndefined();
  expect(await inSpan("train process", triggered, async (carried) => carried)).toEqual({
    traceparent: triggered.traceparent,
  });
});

test("with an exporter the work is a span of the event's trace, and answers carry that span on", async () => {
  process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint;
  process.env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/json";
  process.env["OTEL_METRICS_EXPORTER"] = "none";
  process.env["OTEL_LOGS_EXPORTER"] = "none";
  const telemetry = await startTelemetry("train", process.env);
  const carried = await inSpan("train process", triggered, async (trace) => trace.traceparent);
  await telemetry?.close();
  expect(carried).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  expect(carried).not.toBe(triggered.traceparent);
  const spans = received.join("");
  expect(spans).toContain('"name":"train process"');
  expect(spans).toContain(traceId);
  expect(spans).toContain("jackfield-train");
  expect(spans).toContain(carried?.split("-")[2]);
});
