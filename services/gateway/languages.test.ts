import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { cdevent } from "@jackfield/cdevents/cdevent";
import { fromCustom } from "@jackfield/cdevents/custom";
import { inferenceIn, servedBy } from "@jackfield/kserve/inference";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { printPosition } from "@jackfield/spec/event/position";
import { command } from "../../libs/client/command.ts";
import { freshDatabase, natsForThisFile, prefix, type TestDatabase } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { tracker } from "../tracker/main.ts";
import { openBed, type Bed } from "./fixture/bed.ts";
import { published } from "./fixture/published.ts";
import { nextEvents as events, openTail, type OpenTail, type Told } from "./fixture/sse.ts";

const nats = natsForThisFile();
let bed: Bed;
let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  bed = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix() });
  const service = await bed.start(tracker, database.url);
  await until("the tracker reads", () => service.ready().ready);
  await until("the gateway reads", async () => (await bed.call("/readyz")).status === 200);
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
  await database.drop();
});

async function tail(query: string, lastEventId?: string): Promise<OpenTail> {
  const opened = await openTail(`${bed.url}/v1/events/stream?${query}`, lastEventId);
  onTestFinished(() => opened.close());
  return opened;
}

const typesOf = (told: Told[]): (string | undefined)[] => told.map(({ data }) => data.event?.type);

test("a stream of CDEvents tells the standard fact after ours, and loses none when it breaks between them", async () => {
  const model = published("model.published");
  const { position } = await bed.publisher.publish(model);
  await bed.publisher.publish({ ...model, id: "stranger", type: "com.example.said", source: "/ci" });
  const after = `${position.epoch}-${position.sequence - 1}`;
  const query = `format=cdevents&filter=${encodeURIComponent("model.*|com.example.*")}`;
  const [custom, standard] = await events(await tail(`${query}&from=${after}`), 2);
  expect(custom).toMatchObject({ id: after, data: { event: { type: model.type, id: model.id } } });
  expect(standard).toMatchObject({ id: printPosition(position), name: "cloudevent" });
  expect(standard?.data.event).toMatchObject({ type: "dev.cdevents.artifact.published.0.3.0" });
  const again = await events(await tail(query, custom?.id), 2);
  expect(typesOf(again)).toEqual([model.type, standard?.data.event?.type]);
  expect(fromCustom(cdevent.parse(again[0]?.data.event?.data))).toEqual(model);
  const none = await bed.call("/v1/events/stream?format=morse");
  expect(none).toMatchObject({ status: 422, body: { code: "E_INVALID", here: "/format" } });
});

test("jackfield tail --format cdevents prints them, one a line", async () => {
  const model = published("model.published", { id: "for-the-terminal" });
  await bed.publisher.publish(model);
  let out = "";
  let interrupt = (): void => undefined;
  const ended = command(["tail", "--format", "cdevents", "--since", "start", "model.*"], {
    stdout: { write: (text) => (out += String(Buffer.from(text))) },
    stderr: { write: () => undefined },
    env: { JACKFIELD_URL: bed.url },
    cwd: () => tmpdir(),
    on: (signal, listener) => {
      if (signal === "SIGINT") interrupt = listener;
    },
  });
  await until("both lines", () => out.split("for-the-terminal").length > 3);
  interrupt();
  expect(await ended).toBe(130);
  const lines = out
    .trim()
    .split("\n")
    .map((line) => cdevent.parse(JSON.parse(line)));
  const told = lines.filter(({ context }) => context.id.startsWith(model.id));
  expect(told.map(({ context }) => context.type)).toEqual([
    model.type,
    "dev.cdevents.artifact.published.0.3.0",
  ]);
  expect(fromCustom(told[0]!)).toEqual(model);
});

const post = (headers: Record<string, string>, body: string, query = "") =>
  bed.call(`/v1/events${query}`, { method: "POST", headers, body });
const structured = { "content-type": "application/cloudevents+json" };

/** What the log has of an id, as the log's text. */
async function kept(id: string): Promise<CloudEvent[]> {
  const { body } = await bed.call("/v1/events?order=newest&limit=50");
  // The tracker answers by its contract.
  const { events: logged } = body as { events: { event: CloudEvent }[] };
  return logged.flatMap(({ event }) => (event.id === id ? [event] : [])).reverse();
}

test("a standard CDEvent comes in, is kept to the byte, and is shown as it came", async () => {
  const data =
    '{"context":{"specversion":"0.5.1","id":"cd-1","source":"/ci/build","type":"dev.cdevents.artifact.published.0.3.0",' +
    '"timestamp":"2026-05-01T10:00:00.123456789Z","chainId":"4c8cb7dd-3448-41de-8768-eec704e2829b"},' +
    '"subject":{"id":"pkg:oci/app@sha256%3Aaf","content":{"user":"é😀"}},"customData":{"count":12345678901234567890,"none":null}}';
  const ce = {
    specversion: "1.0",
    id: "cd-1",
    source: "/ci/build",
    type: "dev.cdevents.artifact.published.0.3.0",
  };
  const envelope = JSON.stringify({ ...ce, subject: "pkg:oci/app@sha256%3Aaf", project: "weather" });
  const { status, body } = await post(structured, `${envelope.slice(0, -1)},"data":${data}}`);
  expect(status).toBe(202);
  // The id of a position is read back as it was answered.
  const { position } = body as { position: string };
  const from = position.replace(/\d+$/, (sequence) => String(Number(sequence) - 1));
  const response = await fetch(`${bed.url}/v1/events?after=${position}&order=newest&limit=1`);
  expect(await response.text()).toContain(`"data":${data}`);
  const [told] = await events(await tail(`format=cdevents&from=${from}`), 1);
  expect(told?.data.event?.data).toEqual(JSON.parse(data));
});

test("a request of ours that another tool wrote as a CDEvent is that request", async () => {
  const type = "dev.cdeventsx.jackfield-run.requested.1.0.0";
  const written = (customData: object) => ({
    context: {
      specversion: "0.5.1",
      id: "cd-2",
      source: "/ci",
      type,
      timestamp: "2026-05-01T10:00:00Z",
      chainId: "story",
    },
    subject: { id: "nightly", content: { seed: 7 } },
    customData,
  });
  const send = (project: string, data: object) =>
    post(structured, JSON.stringify({ specversion: "1.0", id: "cd-2", source: "/ci", type, project, data }));
  expect(await send("weather", written({ attributes: { subproject: "seattle" } }))).toMatchObject({
    status: 202,
  });
  expect(await kept("cd-2")).toMatchObject([
    {
      project: "weather",
      subproject: "seattle",
      subject: "nightly",
      correlationid: "story",
      data: { seed: 7 },
    },
  ]);
  const forged = written({ attributes: { source: "/jackfield/conductor" } });
  expect(await send("weather", forged)).toMatchObject({ status: 403, body: { here: "/source" } });
  expect(await send("weather", written({ attributes: 7 }))).toMatchObject({
    status: 422,
    body: { code: "E_INVALID", here: "/data/customData/attributes" },
  });
});

test("Keptn asks by a sequence and by a task, in its own words, and follows its story in them", async () => {
  const triggered = (id: string, type: string, data: object) =>
    JSON.stringify({
      specversion: "1.0",
      id,
      source: "shipyard-controller",
      type,
      shkeptncontext: "context-1",
      data: { project: "weather", stage: "dev", service: "seattle", ...data },
    });
  const plain = await post(structured, triggered("k-0", "sh.keptn.event.dev.lifecycle.triggered", {}));
  expect(plain).toMatchObject({ status: 202, body: { id: "k-0" } });
  expect((await kept("k-0")).map(({ type }) => type)).toEqual(["sh.keptn.event.dev.lifecycle.triggered"]);
  const run = triggered("k-1", "sh.keptn.event.dev.lifecycle.triggered", {});
  const { status, body } = await post(structured, run, "?dialect=keptn");
  expect([status, body]).toMatchObject([202, [{ id: "k-1" }, { id: "k-1" }]]);
  const request = {
    correlationid: "context-1",
    causationid: "k-1",
    project: "weather",
    subproject: "seattle",
  };
  expect(await kept("k-1")).toMatchObject([
    {},
    { ...request, stage: "dev", data: { workflow: "lifecycle" } },
  ]);
  await post(
    structured,
    triggered("k-2", "sh.keptn.event.fetch.triggered", { fetch: { source: {} } }),
    "?dialect=keptn",
  );
  expect(await kept("k-2")).toMatchObject([{}, { data: { inputs: { source: {} } } }]);
  const other = await post(
    structured,
    triggered("k-3", "sh.keptn.event.get-sli.triggered", {}),
    "?dialect=keptn",
  );
  expect(other).toMatchObject({ status: 202, body: [{ id: "k-3" }] });
  const scope = { correlationid: "context-1", project: "weather" };
  await bed.publisher.publish(published("train.triggered", scope));
  const told = await events(await tail("format=keptn&from=start&correlationid=context-1"), 1);
  expect(told[0]).toMatchObject({
    name: "cloudevent",
    data: { event: { type: "sh.keptn.event.train.triggered", shkeptncontext: "context-1" } },
  });
});

test("a stream of OpenLineage tells runs and attempts as they begin and end", async () => {
  const { position } = await bed.publisher.publish(
    published("run.started", { id: "ol/1/started", run: "ol" }),
  );
  const opened = await tail(`format=openlineage&from=${position.epoch}-${position.sequence - 1}`);
  const [start] = await events(opened, 1);
  expect(start).toMatchObject({
    name: "openlineage",
    id: printPosition(position),
    data: { event: { eventType: "START" } },
  });
});

test("KServe's logger says request and response under one id; both are kept, and are one prediction", async () => {
  // As sent by its worker over HTTP in binary mode; an endpoint that is the default one is empty.
  const headers = (side: string) => ({
    "ce-specversion": "1.0",
    "ce-id": "2b3c4d5e",
    "ce-type": `org.kubeflow.serving.inference.${side}`,
    "ce-source": "http://localhost:9081/",
    "ce-time": "2026-05-01T10:00:00.123456789Z",
    "ce-inferenceservicename": "sklearn-iris",
    "ce-namespace": "default",
    "ce-component": "predictor",
    "ce-endpoint": "",
    "ce-metadata": '{"X-Request-Id":["2b3c4d5e"]}',
    "content-type": "application/json",
  });
  const asked = await post(headers("request"), '{"instances":[[6.8,2.8,4.8,1.4]]}');
  const answered = await post(headers("response"), '{"predictions":[1]}');
  expect([asked, answered]).toMatchObject([
    { status: 202, body: { duplicate: false } },
    { status: 202, body: { duplicate: false } },
  ]);
  const [request, response] = await kept("2b3c4d5e");
  expect(request).toMatchObject({
    metadata: '{"X-Request-Id":["2b3c4d5e"]}',
    time: "2026-05-01T10:00:00.123456789Z",
  });
  expect(servedBy(inferenceIn(request!)!, inferenceIn(response!)!)).toEqual({
    id: "2b3c4d5e",
    service: "sklearn-iris",
    namespace: "default",
    asked: { instances: [[6.8, 2.8, 4.8, 1.4]] },
    answered: { predictions: [1] },
  });
});
