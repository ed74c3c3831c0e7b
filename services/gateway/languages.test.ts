import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { cdevent } from "@jackfield/cdevents/cdevent";
import { fromCustom } from "@jackfield/cdevents/custom";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { printPosition } from "@jackfield/spec/event/position";
import { command } from "../../libs/client/command.ts";
import { freshDatabase, natsForThisFile, prefix, type TestDatabase } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { tracker } from "../tracker/main.ts";
import { openBed, type Bed } from "./fixture/bed.ts";
import { openTail, type OpenTail, type Told } from "./fixture/sse.ts";

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

const published = (short: string, changed: Partial<CloudEvent> = {}): CloudEvent => {
  const file = `../../spec/published/examples/dev.cdeventsx.jackfield-${short}.1.0.0.json`;
  // Written from the contract that it is named after.
  const event = JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")) as CloudEvent;
  return { ...event, ...changed };
};

async function tail(query: string, lastEventId?: string): Promise<OpenTail> {
  const opened = await openTail(`${bed.url}/v1/events/stream?${query}`, lastEventId);
  onTestFinished(() => opened.close());
  return opened;
}

async function events(opened: OpenTail, count: number): Promise<Told[]> {
  const told: Told[] = [];
  while (told.length < count) {
    const message = await opened.next();
    if (message === undefined) break;
    if (message.name !== "heartbeat") told.push(message);
  }
  return told;
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
  const lines = out.trim().split("\n").map((line) => cdevent.parse(JSON.parse(line)));
  const told = lines.filter(({ context }) => context.id.startsWith(model.id));
  expect(told.map(({ context }) => context.type)).toEqual([model.type, "dev.cdevents.artifact.published.0.3.0"]);
  expect(fromCustom(told[0]!)).toEqual(model);
}); // prettier-ignore
