// What wounded the nearest relatives of Jackfield, by the names that it has there.
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { prepareDatabase } from "@jackfield/postgres/prepare";
import { freePort } from "../../deploy/embedded/guarded-process.mjs";
import { startNats } from "../../deploy/embedded/nats-server.mjs";
import { freshDatabase, natsBinary } from "../bed/servers.ts";
import { until } from "../bed/until.ts";
import { printVerdict } from "../checker/verdict.ts";
import { emptyFolder, house, stopProcess, World } from "../journeys/world.ts";
import { FaultWorld } from "./fault-world.ts";
import { falseAlarms } from "./outages.ts";

/** A service in a process of its own, as `up --isolate` and a container start it; answers with its health door. */
async function startAlone(
  name: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ pid: number; door: string }> {
  const child = fork(join(house, "dist/deploy/run-service.mjs"), [name], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  onTestFinished(() => stopProcess(child));
  // The program says it in its first message.
  const [{ health }] = (await once(child, "message")) as [{ health: string }];
  return { pid: child.pid ?? 0, door: health };
}

async function readiness(door: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${door}/readyz`);
  return { status: answer.status, text: await answer.text() };
}

test("Kyma #18188: a service that starts without NATS is there, says what it waits for, and goes on when NATS comes", async () => {
  await using database = await freshDatabase();
  const urls = await prepareDatabase({ adminUrl: database.url, services: ["tracker"] });
  const [folder, port] = [await emptyFolder(), await freePort()];
  const { pid, door } = await startAlone("tracker", {
    JACKFIELD_NATS_URL: `nats://127.0.0.1:${port}`,
    JACKFIELD_POSTGRES_URL: urls["tracker"],
  });
  expect(await readiness(door)).toMatchObject({ status: 503 });
  await until("it says why", async () => /NATS does not answer/.test((await readiness(door)).text), {
    withinMs: 25_000,
    everyMs: 250,
  });
  expect((await fetch(`${door}/healthz`)).status).toBe(200);
  const nats = await startNats({ binary: await natsBinary(), folder, port });
  onTestFinished(() => nats.stop());
  await until("it is ready", async () => (await readiness(door)).status === 200, { withinMs: 25_000 });
  process.kill(pid, 0);
}, 90_000);

test("Keptn #7290: what is asked while a handler is being replaced, or is not ready, waits and is done once", async () => {
  await using faults = await FaultWorld.begin();
  const before = await faults.handler({ name: "other", milliseconds: 500 });
  await faults.world.did("bind", "train=other");
  const asked = await faults.request(8);
  await faults.world.happened("train.started");
  await before.end();
  const more = await faults.request(4);
  await faults.handler({ name: "other", getReadyMs: 2_000 });
  await faults.over([...asked, ...more]);
  const verdict = await faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
  expect(falseAlarms(faults)).toEqual([]);
  for (const { type, data } of faults.world.events)
    if (type.includes("-run.finished.")) expect(data).toMatchObject({ outcome: "pass" });
}, 120_000);

const idleMs = 8_000;

test("Hatchet #2538: a Jackfield of which nothing is asked leaves PostgreSQL in peace", async () => {
  const world = await World.begin({ folder: await emptyFolder(), isolate: true });
  const { postgres } = await world.run();
  const client = new pg.Client({ connectionString: postgres?.url });
  await client.connect();
  onTestFinished(() => client.end());
  const transactions = async (): Promise<number> => {
    const { rows } = await client.query<{ count: string }>(
      "select sum(xact_commit + xact_rollback) as count from pg_stat_database where datname = current_database()",
    );
    return Number(rows[0]?.count ?? 0);
  };
  // Sessions tell what they did up to 10 s late.
  await delay(12_000);
  const before = await transactions();
  await delay(idleMs);
  const after = await transactions();
  // One of them is our own question.
  expect((after - before - 1) / (idleMs / 1_000)).toBeLessThanOrEqual(1);
}, 90_000);
