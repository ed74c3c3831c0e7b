import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { inferenceIn, servedBy, type Inference } from "./inference.ts";

const logged = (side: string, changed: Partial<CloudEvent> = {}): CloudEvent => ({
  specversion: "1.0",
  id: "0009",
  source: "http://localhost:9081/",
  type: `org.kubeflow.serving.inference.${side}`,
  inferenceservicename: "sklearn-iris",
  namespace: "default",
  component: "predictor",
  endpoint: "",
  data: side === "request" ? { instances: [[6.8, 2.8]] } : { predictions: [1] },
  ...changed,
});
const read = (side: string, changed?: Partial<CloudEvent>): Inference =>
  inferenceIn(logged(side, changed)) ?? expect.fail("it is an inference");

test("request and response of one id are one served prediction, whichever came first", () => {
  const served = {
    id: "0009",
    service: "sklearn-iris",
    namespace: "default",
    asked: { instances: [[6.8, 2.8]] },
    answered: { predictions: [1] },
  };
  expect(servedBy(read("request"), read("response"))).toEqual(served);
  expect(servedBy(read("response", { endpoint: "canary" }), read("request"))).toEqual({
    ...served,
    endpoint: "canary",
  });
});

test("what is not the two sides of one call is no pair", () => {
  expect(servedBy(read("request"), read("request"))).toBeUndefined();
  expect(servedBy(read("response"), read("response"))).toBeUndefined();
  expect(servedBy(read("request"), read("response", { id: "0010" }))).toBeUndefined();
  expect(servedBy(read("request"), read("response", { namespace: "other" }))).toBeUndefined();
});

test("what is no JSON stays as its bytes, and other events are no inference", () => {
  expect(read("request", { data: undefined, data_base64: "AAEC" }).payload).toBe("AAEC");
  expect(inferenceIn(logged("feedback"))).toBeUndefined();
  expect(inferenceIn(logged("request", { inferenceservicename: undefined }))).toBeUndefined();
  expect(inferenceIn({ ...logged("request"), type: "com.example.request" })).toBeUndefined();
});
