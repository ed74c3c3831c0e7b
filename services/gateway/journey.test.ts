import { digestOf } from "@jackfield/spec/event/canonical";
import { expect, onTestFinished, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { conductor } from "../conductor/main.ts";
import { tracker } from "../tracker/main.ts";
import { openBed, type Bed } from "./fixture/bed.ts";
import { openTail } from "./fixture/sse.ts";

const nats = natsForThisFile();

async function everybody(): Promise<Bed> {
  const database = await freshDatabase();
  const bed = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix() });
  onTestFinished(async () => {
    await bed[Symbol.asyncDispose]();
    await database.drop();
  });
  const services = [await bed.start(tracker, database.url), await bed.start(conductor, database.url)];
  await until("all read", async () => {
    const ready = services.every((service) => service.ready().ready);
    return ready && (await bed.call("/readyz")).status === 200;
  });
  return bed;
}

interface Pulled {
  task: string;
  token: string;
  event: { run: string };
}

const csv = "a,b\n1,2\n";
const table = { mediaType: "text/csv", digest: digestOf(csv), size: 8, rows: 1, columns: [] };
const model = "a model";
const rows = "__row_id,prediction\n1,2\n";
const predictions = { mediaType: "text/csv", digest: digestOf(rows), size: rows.length };

test("one task by curl alone: asked for, taken, answered, told live, shown as a run, its model fetched", async () => {
  const bed = await everybody();
  const tail = await openTail(`${bed.url}/v1/events/stream?project=weather&filter=run.*`);
  onTestFinished(() => tail.close());
  await bed.call(`/v1/artifacts/${table.digest}`, { method: "PUT", body: csv });
  const registered = await bed.call("/v1/handlers/boost", {
    json: {
      version: "3f9a12bc",
      contracts: { train: { from: "1.0.0", to: "1.0.0" } },
      project: "weather",
      instance: "one",
      concurrency: 1,
    },
  });
  expect(registered.status).toBe(200);
  const inputs = { dataset: { train: table, test: table }, target: "b", seed: 7 };
  const asked = await bed.call("/v1/events", {
    json: { type: "train.requested", project: "weather", id: "ci-1", data: { inputs, handler: "boost" } },
  });
  expect(asked.status).toBe(202);

  const { body } = await bed.call("/v1/handlers/boost/next?instance=one&wait=20s");
  const { task, token, event } = body as Pulled;
  expect(asked.body).toMatchObject({ listeners: [{ run: event.run }], refused: [] });
  const input = await fetch(`${bed.url}/v1/artifacts/${table.digest}?token=${token}`);
  expect(await input.text()).toBe(csv);
  const path = `/v1/tasks/${encodeURIComponent(task)}`;
  expect((await bed.call(`${path}/heartbeat`, { json: { token } })).status).toBe(200);
  const digest = digestOf(model);
  await bed.call(`/v1/artifacts/${digest}?token=${token}`, { method: "PUT", body: model });
  await bed.call(`/v1/artifacts/${predictions.digest}?token=${token}`, { method: "PUT", body: rows });
  const outputs = { model: { mediaType: "text/plain", digest, size: 7 }, predictions };
  const done = await bed.call(`${path}/finished`, { json: { token, status: "succeeded", outputs } });
  expect(done).toMatchObject({ status: 202 });

  const told: string[] = [];
  let position = "";
  while (told.at(-1)?.includes("run.finished") !== true) {
    const message = await tail.next();
    if (message?.name === "cloudevent")
      told.push((message.data.event as unknown as { type: string }).type.slice(24));
    position = message?.id ?? position;
  }
  expect(told).toEqual(["run.started.1.0.0", "run.finished.1.0.0"]);
  const shown = await bed.call(`/v1/runs/${event.run}?after=${position}`);
  expect(shown.body).toMatchObject({ run: { state: "pass" }, tasks: [{ task, state: "pass" }] });
  const kept = await bed.call(`/v1/artifacts/${digest}?project=weather&after=${position}`);
  expect(kept).toMatchObject({ status: 200, body: model });
  expect(await bed.call(`/v1/why/${event.run}?project=weather`)).toMatchObject({ status: 200 });
  const again = { token, status: "succeeded", outputs: { ...outputs, model: { ...table } } };
  expect(await bed.call(`${path}/heartbeat`, { json: { token } })).toMatchObject({ status: 410 });
  expect((await bed.call(`${path}/finished`, { json: again })).status).toBe(202);
});

test("a run that is aborted is told to whoever works on it, at the next heartbeat", async () => {
  const bed = await everybody();
  const handler = { version: "1", project: "weather", instance: "one", concurrency: 1 };
  const contracts = { train: { from: "1.0.0", to: "1.0.0" } };
  await bed.call("/v1/handlers/boost", { json: { ...handler, contracts } });
  const inputs = { dataset: { train: table, test: table }, target: "b", seed: 7 };
  await bed.call("/v1/events", {
    json: { type: "train.requested", project: "weather", data: { inputs, handler: "boost" } },
  });
  const { body } = await bed.call("/v1/handlers/boost/next?instance=one&wait=20s");
  const { task, token, event } = body as Pulled;
  const aborted = await bed.call(`/v1/runs/${event.run}/abort?project=weather`, {
    json: { by: "ana", reason: "wrong data" },
  });
  expect(aborted).toMatchObject({ status: 200, body: { position: expect.any(String) as string } });
  expect(
    await bed.call(`/v1/tasks/${encodeURIComponent(task)}/heartbeat`, { json: { token } }),
  ).toMatchObject({ status: 410, body: { why: "abort" } });
});
