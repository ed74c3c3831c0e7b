// Somebody deletes the stream of a Jackfield that runs: it goes on by itself, and the history comes back by a command.
import { command } from "jackfield/command";
import { streamState } from "@jackfield/events/stream";
import { expect, test } from "vitest";
import { openAsAdmin } from "../../deploy/as-admin.ts";
import { until } from "../bed/until.ts";
import { sameAnswer } from "./programs.ts";
import { atTheEnd, projectWith, World, type Typed } from "./world.ts";

async function asAdministrator(world: World, ...words: string[]): Promise<Typed> {
  const said = { out: "", err: "" };
  const { settings = {}, nats } = await world.run();
  const exit = await command(["admin", ...words], {
    stdout: { write: (text) => (said.out += text.toString()) },
    stderr: { write: (text) => (said.err += text.toString()) },
    env: { ...settings, PATH: process.env["PATH"], JACKFIELD_NATS_CREDS: nats?.creds },
    cwd: () => world.folder,
    on: () => undefined,
  });
  return { exit, ...said };
}

test("a stream that is deleted comes back empty, runs go on, and a counted command puts the history back", async () => {
  const folder = await projectWith("node train.mjs", { "train.mjs": sameAnswer });
  const world = await World.begin({ folder });
  await world.did("apply");
  await world.did("run", "weather/seattle");
  const events = await openAsAdmin(await world.run(), "journey");
  atTheEnd(() => events.close());
  const old = (await streamState(events))!;
  await until("another second", () => Date.now() > (old.epoch + 1) * 1_000);
  await events.manager.streams.delete(events.stream);
  await world.happened("incident.detected");
  await world.did("run", "weather/seattle", "--no-cache");

  const dry = await asAdministrator(world, "restore-stream", "--dry-run");
  const [, count = ""] = /^(\d+) events of lost streams/.exec(dry.out) ?? [];
  expect(Number(count)).toBe(old.last);
  const wrong = await asAdministrator(world, "restore-stream", "--yes=3");
  expect(wrong).toMatchObject({ exit: 2, err: expect.stringContaining("E_COUNT_CHANGED") as string });
  const before = (await streamState(events))!.last;
  const done = await asAdministrator(world, "restore-stream", `--yes=${count}`);
  expect(done).toMatchObject({ exit: 0, out: expect.stringContaining(`${count} events put back`) as string });
  expect((await streamState(events))!.last - before).toBeGreaterThanOrEqual(old.last);
  expect((await asAdministrator(world, "restore-stream")).out).toContain("nothing is missing");
  await world.did("run", "weather/seattle", "--no-cache");
  const runs = JSON.parse(await world.did("ls", "runs", "--json")) as unknown[];
  expect(runs).toHaveLength(3);
}, 60_000);
