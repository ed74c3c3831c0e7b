import { ensureStream } from "@jackfield/events/stream";
import { openEvents, type Events } from "@jackfield/events/connection";
import { migrate } from "@jackfield/postgres/migrate";
import { prepareDatabase } from "@jackfield/postgres/prepare";
import { dumpSchema } from "@jackfield/postgres/schema-dump";
import { askService } from "@jackfield/service/answer";
import { startService, type RunningService } from "@jackfield/service/start";
import { apply, configuration, projectList } from "@jackfield/spec/ask/projects";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, type TestDatabase } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { projects } from "./main.ts";

const file = "jackfield.yaml";
const text = `project: weather
fetch: data/seattle-weather.csv
target: weather
train: node train.mjs
subprojects: { seattle: }
`;

const nats = natsForThisFile();
let databases: TestDatabase[] = [];
let url: string;
let events: Events;
let service: RunningService;

const start = async (): Promise<RunningService> => {
  const started = await startService(projects, {
    JACKFIELD_NATS_URL: nats.url,
    JACKFIELD_POSTGRES_URL: url,
    JACKFIELD_LOG_LEVEL: "silent",
  });
  await until("projects is active", () => started.ready().ready);
  return started;
};

async function emptyDatabase(): Promise<string> {
  const database = await freshDatabase();
  databases = [...databases, database];
  const urls = await prepareDatabase({ adminUrl: database.url, services: ["projects"] });
  await migrate({ url: urls["projects"]!, schema: "projects", folder: projects.migrations! });
  return urls["projects"]!;
}

beforeAll(async () => {
  url = await emptyDatabase();
  events = await openEvents({ url: nats.url, name: "story" });
  await ensureStream(events, { maxBytes: 10_000_000 });
  service = await start();
});

afterAll(async () => {
  await service.stop();
  await events.close();
  await Promise.all(databases.map((database) => database.drop()));
});

const asked = (changed: string, more: object = {}) =>
  askService(events, apply, { text: changed, file, ...more }, { timeoutMs: 15_000 });

test("The committed schema is the one that the migrations make", async () => {
  await expect(await dumpSchema(url, "projects")).toMatchFileSnapshot("./migrations/schema.sql");
});

test("A file becomes one version, however often it is applied; a change becomes the next", async () => {
  const first = await asked(text, { by: "ana" });
  expect(first).toMatchObject({ project: "weather", version: 1, subprojects: ["seattle"] });
  expect(first.position).toBeDefined();

  const again = await asked(`# a comment\n${text}`);
  expect(again).toMatchObject({ version: 1, changes: [], digest: first.digest });
  expect(again.position).toBeUndefined();

  const planned = await asked(text.replace("target: weather", "target: wind"), { dryRun: true });
  expect(planned).toMatchObject({
    version: 2,
    changes: [{ path: "/subprojects/seattle/target", from: "weather", to: "wind" }],
  });
  expect(planned.position).toBeUndefined();

  const second = await asked(`${text}params: { trees: 7 }\n`, { expectedVersion: 1, by: "ben" });
  expect(second.changes).toEqual([{ path: "/subprojects/seattle/train/params/trees", to: 7 }]);
  await expect(asked(text, { expectedVersion: 1 })).rejects.toMatchObject({
    code: "E_APPLY_RACE",
    why: expect.stringMatching(
      /^ben applied version 2 at .*: \/subprojects\/seattle\/train\/params\/trees$/,
    ) as unknown,
  });
});

test("The long form in force names its origins, and every version stays", async () => {
  const now = await askService(events, configuration, { project: "weather" });
  expect(now.version).toBe(2);
  expect(now.origins["seattle"]).toMatchObject({
    "/train/params/trees": "jackfield.yaml:6",
    "/split/method": "default",
  });
  const before = await askService(events, configuration, { project: "weather", version: 1 });
  expect(before.applied.subprojects["seattle"]?.train.params).toEqual({});
  await expect(askService(events, configuration, { project: "wether" })).rejects.toMatchObject({
    code: "E_NOT_FOUND",
    next: "did you mean weather?",
  });
});

test("Two who apply at once get two versions, and the second says so when it expected none", async () => {
  const results = await Promise.allSettled([
    asked(text.replace("project: weather", "project: race"), { expectedVersion: 0 }),
    asked(text.replace("project: weather", "project: race").replace("train.mjs", "b.mjs"), {
      expectedVersion: 0,
    }),
  ]);
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});

test.each(["the same", "an empty"])("A new process on %s database knows what was applied", async (which) => {
  await service.stop();
  if (which === "an empty") url = await emptyDatabase();
  service = await start();
  const list = await until("the log is read", async () => {
    const answer = await askService(events, projectList, {});
    return answer.projects.length === 2 && answer;
  });
  expect(list.projects.map(({ project, version }) => [project, version])).toEqual([
    ["race", 1],
    ["weather", 2],
  ]);
});
