import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../test/bed/until.ts";
import { openShop, shopFile, type Shop, type Typed, type Typing } from "./fixture/shop.ts";
import type { RunTree } from "./lookup.ts";

let shop: Shop;
let folder: string;

beforeAll(async () => {
  shop = await openShop();
  folder = shop.folder;
}, 60_000);
afterAll(() => shop[Symbol.asyncDispose]());

const typing = (words: string[]): Typing => shop.typing(words);
const typed = (...words: string[]): Promise<Typed> => shop.typed(...words);

const tree = (text: string): RunTree => JSON.parse(text) as RunTree;

test("apply makes a file true, and a dry run names what would change", async () => {
  const first = await typed("apply");
  expect(first).toMatchObject({
    exit: 0,
    out: "applied jackfield.yaml (6 lines): project shop, subproject shop\n",
  });
  expect((await typed("apply", "--dry-run")).exit).toBe(0);
  await writeFile(join(folder, "jackfield.yaml"), `${shopFile}params: { depth: 2 }\n`);
  const planned = await typed("apply", "--dry-run");
  await writeFile(join(folder, "jackfield.yaml"), shopFile);
  expect(planned.exit).toBe(5);
  expect(planned.out).toContain("+ /subprojects/shop/train/params/depth  2");
});

test("run shows events as they pass, and ends with the verdict", async () => {
  const { exit, out, err } = await typed("run", "--seed", "7");
  expect({ exit, err: err.includes("E_") }).toEqual({ exit: 0, err: false });
  expect(err).toMatch(/0\.00 s +you +run\.requested +shop\/shop +shop-1\n.*fetch\.triggered +→ fetch@1/s);
  expect(out).toMatch(/^shop-1 {3}PASS {3}in .*\n {2}accuracy 1 {3}█+ {3}gate ≥ 0\.9 ✓/);
  const show = await typed("show", "shop-1", "--json=run.state,run.runname");
  expect(JSON.parse(show.out)).toEqual({ "run.state": "pass", "run.runname": "shop-1" });
});

test("a refused gate is exit 5, and diff names the only cause and the rows that flipped", async () => {
  const { exit, out, err } = await typed("run", "shop/shop", "--seed", "7", "--set", "params.rule=bad");
  expect([exit, err.trimEnd().split("\n").at(-1)]).toEqual([5, "next: jackfield why shop-2"]);
  expect(out).toMatch(/^shop-2 {3}FAIL.*gate ≥ 0\.9 ✗.*cached +fetch, split/s);
  const diff = await typed("diff", "shop-1", "shop-2", "--rows");
  expect(diff.out).toMatch(
    /only cause: configuration train\.params\.rule \(nothing → bad\) · 7 rows flipped of 15\n/,
  );
  expect(diff.out).toMatch(/right in one run only +7 and 0 rows +p 0\.016 +McNemar/);
  expect(diff.out.match(/ yes +yes +no$/gm)).toHaveLength(7);
});

test("a command that breaks is exit 11 with its last words, and its logs are kept", async () => {
  const { exit, out } = await typed("run", "--set", "params.rule=broken");
  expect(exit).toBe(11);
  expect(out).toMatch(/train errored: E_EXIT .*there is no such rule/);
  expect((await typed("logs", "@failed")).out).toContain("rule broken\n");
  const needs = await typed("ls");
  expect(needs.out).toMatch(/shop-3 +shop\/shop +errored/);
  expect((await typed("why", "shop-3")).out).toContain("there is no such rule");
});

test("an event to which nothing reacts is exit 9 unless that is fine; sending it again is harmless", async () => {
  expect(await typed("emit", "com.example.noise")).toMatchObject({ exit: 9 });
  expect(await typed("emit", "com.example.noise", "--optional", "--id", "n1")).toMatchObject({ exit: 0 });
  const again = await typed("emit", "com.example.noise", "--optional", "--id", "n1");
  expect(again.err).toContain("was here before");
});

test("a run that is refused says why, and offers no flag that run does not have", async () => {
  const { exit, err } = await typed("run", "--set", "train.parms.rule=x");
  expect([exit, err]).toEqual([9, expect.stringContaining("has no train.parms.rule")]);
  expect(err).not.toContain("--optional");
});

test("a command behind the pull door answers once it is bound, and hands back when it is told to leave", async () => {
  const handle = typing([
    "handle",
    "train",
    "--name",
    "other",
    "--concurrency",
    "1",
    "--",
    "node",
    "train.mjs",
    "good",
  ]);
  await until("it is registered", () => handle.said.err.includes("other answers train"));
  expect((await typed("bind", "train=other", "--shadow")).out).toBe("train is shadowed by other for shop\n");
  expect((await typed("bind", "train", "--remove", "other")).out).toBe(
    "train is shadowed by nobody for shop\n",
  );
  expect((await typed("bind", "train=other", "--undo")).exit).toBe(2);
  expect(await typed("bind", "train=other")).toMatchObject({
    exit: 0,
    out: "train = other for shop   (was as the file says)\n",
  });
  const { exit, out } = await typed("run", "--json");
  expect([exit, tree(out).tasks.find(({ step }) => step === "train")?.attempts[0]?.handler]).toEqual([
    0,
    "other",
  ]);
  expect(tree(out).tasks.flatMap(({ logs }) => logs)).toHaveLength(1);
  handle.interrupt();
  expect(await handle.ended).toBe(0);
  expect(handle.said.err).toMatch(/shop-4\/train {3}pass/);

  const slow = typing([
    "handle",
    "train",
    "--name",
    "other",
    "--concurrency",
    "1",
    "--",
    "node",
    "train.mjs",
    "slow",
  ]);
  await until("it is registered", () => slow.said.err.includes("other answers train"));
  await typed("run", "--no-wait", "--no-cache");
  await until("it is at work", () => slow.said.err.includes("attempt 1"));
  slow.interrupt();
  expect(await slow.ended).toBe(0);
  expect(slow.said.err).toContain("E_HANDED_BACK");
  expect((await typed("abort", "@last", "--reason", "enough")).out).toBe("aborted shop-5\n");
  expect((await typed("bind", "train", "--undo")).exit).toBe(0);
  expect((await typed("show", "shop-5", "--wait")).exit).toBe(7);
});

test("watching can stop while the work goes on, its log be read, and the work be paused, resumed and aborted", async () => {
  const run = typing(["run", "--set", "params.rule=slow"]);
  await until("train is triggered", () => run.said.err.includes("train.triggered"));
  run.interrupt();
  expect(await run.ended).toBe(130);
  expect(run.said.err).toContain("to end it: jackfield abort");
  const logs = typing(["logs", "shop-6/train", "-f"]);
  await until("its first line", () => logs.said.out === "rule slow\n");
  expect((await typed("show", "shop-6")).exit).toBe(8);
  expect((await typed("pause", "shop-6")).out).toBe("paused shop-6\n");
  expect((await typed("resume", "shop-6")).exit).toBe(0);
  expect((await typed("abort", "shop-6")).exit).toBe(0);
  expect((await typed("show", "shop-6", "--wait", "--timeout", "20s")).exit).toBe(7);
  expect(await logs.ended).toBe(0);
  expect(logs.said.out, "each line once").toBe("rule slow\n");
  expect((await typed("logs", "shop-6")).out, "the conductor ended it").toBe("rule slow\n");
}, 30_000);

test("retry asks for the same again; a folder under git is named by its commit", async () => {
  const git = (...words: string[]) => promisify(execFile)("git", ["-C", folder, ...words]);
  await git("init", "-q");
  await git("add", ".");
  await git("-c", "user.name=ana", "-c", "user.email=ana@example.org", "commit", "-qm", "Sell");
  const { exit, out } = await typed("run", "--json");
  expect(exit).toBe(0);
  expect(tree(out).pinned["code"]).toMatchObject({
    dirty: false,
    commit: expect.stringMatching(/^[0-9a-f]{40}$/) as unknown,
  });
  const again = await typed("retry", "shop-7", "--json");
  expect(again.exit).toBe(0);
  expect(tree(again.out).tasks.every(({ cached }) => cached)).toBe(true);
});

test("tail tells the last events, then the live ones, through its filter", async () => {
  const tail = typing(["tail", "run.finished outcome!=fail", "--json=event.runname"]);
  await until("the past", () => tail.said.out.includes("shop-8"));
  await typed("run");
  await until("the present", () => tail.said.out.includes("shop-9"));
  tail.interrupt();
  expect(await tail.ended).toBe(130);
  const names = tail.said.out.trimEnd().split("\n");
  expect(new Set(names).size).toBe(names.length);
});

test("logs --follow waits for the end of a task, and then tells what it wrote", async () => {
  const run = typing(["run", "--set", "params.rule=brief"]);
  await until("train is triggered", () => run.said.err.includes("train.triggered"));
  const { exit, out } = await typed("logs", "shop-10", "--follow");
  expect([exit, out]).toEqual([0, "rule brief\n"]);
  expect(await run.ended).toBe(0);
});

test("a gate may be held against a run, whose value is pinned when the file is applied", async () => {
  const gateOf = (condition: string): Promise<void> =>
    writeFile(join(folder, "jackfield.yaml"), shopFile.replace(">= 0.9", condition));
  await gateOf(">= shop-99 - 0.1");
  const unknown = await typed("apply");
  expect([unknown.exit, unknown.err]).toEqual([2, expect.stringContaining("no run of that name")]);
  await gateOf(">= shop-1 - 0.1");
  expect((await typed("apply")).exit).toBe(0);
  const { exit, out } = await typed("run", "shop/shop", "--set", "params.rule=bad");
  expect(exit).toBe(5);
  expect(out).toContain("gate ≥ 0.9 (shop-1 - 0.1) ✗");
  await writeFile(join(folder, "jackfield.yaml"), shopFile);
  await typed("apply");
});
