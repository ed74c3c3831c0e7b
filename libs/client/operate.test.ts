import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPublisher } from "@jackfield/events/publish";
import { parkedDelivery } from "@jackfield/spec/ask/reader";
import { runRequested } from "@jackfield/spec/facts/run";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { openAsAdmin } from "../../deploy/as-admin.ts";
import { up, type Up } from "../../deploy/launcher.ts";
import { until } from "../../test/bed/until.ts";
import { command } from "./command.ts";

let folder: string;
let running: Up;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-parked-"));
  await writeFile(
    join(folder, "jackfield.yaml"),
    "project: shop\nfetch: sales.csv\ntarget: sold\ntrain: node train.mjs\n",
  );
  running = await up({ folder, ephemeral: true, environment: { PATH: process.env["PATH"] } });
  expect((await typed("apply")).exit).toBe(0);
}, 60_000);

afterAll(async () => {
  await running.stop();
  await rm(folder, { recursive: true, force: true });
});

async function typed(...words: string[]): Promise<{ exit: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const exit = await command(words, {
    stdout: { write: (text) => (said.out += String(Buffer.from(text))) },
    stderr: { write: (text) => (said.err += String(Buffer.from(text))) },
    env: { JACKFIELD_URL: running.url, USER: "ana" },
    cwd: () => folder,
    on: () => undefined,
  });
  return { exit, ...said };
}

/** PostgreSQL keeps no zero character in jsonb, so no conductor can fold this. */
async function poison(seed: number): Promise<void> {
  const data = { seed, set: { "train.params.note": "\u0000" } };
  // The gateway refuses it; who speaks NATS can say it all the same.
  await using events = await openAsAdmin(running.run, "poisoner");
  const publisher = createPublisher(events);
  await publisher.publish({
    specversion: "1.0",
    id: `poison-${seed}`,
    source: "/outside",
    type: runRequested.type,
    organization: "default",
    project: "shop",
    subproject: "shop",
    correlationid: `poison-${seed}`,
    data,
  });
  await publisher.close();
}

const listed = z.object({ parked: z.array(parkedDelivery) });
const parkedNow = async () => listed.parse(JSON.parse((await typed("ls", "parked", "--json")).out)).parked;
const parkedAre = (count: number) =>
  until(`${count} events are parked`, async () => (await parkedNow()).length === count);

test("what is parked is listed with the way out, and a redrive does what was confirmed, no more", async () => {
  await poison(1);
  await poison(2);
  await parkedAre(2);
  const [first] = await parkedNow();
  expect(first).toMatchObject({ reader: "conductor", times: 1 });
  expect((await typed("ls")).out).toContain("2 events parked: jackfield retry --parked");
  const shown = await typed("show", first?.position ?? "");
  expect(shown.out).toContain("run.requested");
  expect(shown.out).toContain("Unicode");

  const dry = await typed("retry", "--parked", "--dry-run");
  expect(dry).toMatchObject({ exit: 0, err: "next: jackfield retry --parked --yes=2\n" });
  expect(await typed("retry", "--parked")).toMatchObject({
    exit: 2,
    err: expect.stringContaining("--yes=2") as string,
  });
  await poison(3);
  await parkedAre(3);
  const changed = await typed("retry", "--parked", "--yes=2");
  expect(changed.err).toContain("E_COUNT_CHANGED");
  expect((await parkedNow()).map(({ times }) => times)).toEqual([1, 1, 1]);

  const none = await typed("retry", "--parked", "--where", "train.*", "--dry-run");
  expect(none).toMatchObject({ exit: 0, out: "nothing is parked\n" });
  const redriven = await typed("retry", "--parked", "--where", "run.*", "--yes=3", "--reason", "fixed it");
  expect(redriven.exit).toBe(11);
  expect(redriven.out).toContain("0 events redriven");
  expect((await parkedNow()).map(({ times }) => times)).toEqual([2, 2, 2]);
  const told = await typed("ls", "events", "--where", "delivery.redriven", "--json");
  expect(told.out).toContain("fixed it");
}, 60_000);

test("the state of every reader is compared with one made anew from the log, and replaced when its name is typed", async () => {
  const checked = await typed("admin", "rebuild", "--check", "--json=reader,same,replace");
  expect(checked.exit).toBe(0);
  expect(JSON.parse(checked.out)).toEqual(
    ["tracker", "conductor", "projects"].map((reader) => ({ reader, same: true, replace: false })),
  );
  for (const reader of ["tracker", "conductor", "projects"]) {
    const asked = await typed("admin", "rebuild", reader);
    expect(asked).toMatchObject({ exit: 2, err: expect.stringContaining(`--yes=${reader}`) as string });
    const replaced = await typed("admin", "rebuild", reader, `--yes=${reader}`);
    expect(replaced.exit).toBe(0);
    expect(replaced.out).toMatch(new RegExp(`^${reader} +equal .*; replaced$`, "m"));
  }
  expect((await typed("show", "shop/shop", "--resolved")).out).toContain("sales.csv");
  expect((await typed("admin", "rebuild", "--check")).exit).toBe(0);
}, 60_000);

test("bindings are shown as they were; what is not folded from events of its own is not", async () => {
  const before = new Date().toISOString();
  const bound = (out: string) =>
    z.array(z.object({ capability: z.string(), from: z.string() })).parse(JSON.parse(out));
  await until("train is bound", async () => (await typed("bind")).exit === 0);
  expect((await typed("bind", "train=fetch")).exit).not.toBe(0);
  expect((await typed("bind", "train=command", "--reason", "said aloud")).exit).toBe(0);
  const trains = async (...words: string[]) =>
    bound((await typed("bind", "--json", ...words)).out).find(({ capability }) => capability === "train")
      ?.from;
  expect(await trains()).not.toBe(await trains("--at", before));
  expect(await trains("--at", new Date().toISOString())).toBe(await trains());
  expect((await typed("ls", "handlers", "--at", "1m")).exit).toBe(2);
  expect((await typed("show", "shop/shop", "--at", "1m")).err).toContain("Only runs and tasks");
  expect((await typed("ls", "runs", "--at", "1s")).exit).toBe(0);
}, 60_000);
