import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLocalHost } from "./fixture/code-host.ts";
import { openShop, type Shop } from "./fixture/shop.ts";

// North goes on once more when it has passed: a run that is caused by a run of the same story.
const file = `project: shop
fetch: data/sales.csv
split: { by: day, test: 2020-02-15.. }
target: sold
train: node train.mjs {params.rule=good}
gate: { accuracy: ">= 0.9" }
on: [code, "com.example.sold stage=eu", "run.finished runname=north-1"]
subprojects:
  north:
  south: { params: { rule: bad } }
`;

let shop: Shop;
beforeAll(async () => {
  shop = await openShop(file);
}, 60_000);
afterAll(() => shop[Symbol.asyncDispose]());

test("what was applied a moment ago reacts, and a story is followed through all its runs to the worst verdict", async () => {
  expect((await shop.typed("apply")).exit).toBe(0);
  const { exit, out, err } = await shop.typed("emit", "code.changed", "--id", "push-1");
  expect({ exit, out }, err).toEqual({
    exit: 5,
    out: expect.stringContaining("2 of 3 runs passed") as unknown,
  });
  expect(out).toMatch(/north-1 +pass[^]*north-2 +pass/);
  expect(out).toMatch(/south-1 +fail/);
  expect(err).toMatch(/run\.finished +fail.*south-1/);
  expect(err).toContain("next: jackfield why south-1");
});

test("the same id again is the same story: nothing new runs, and the verdict is told again", async () => {
  const again = await shop.typed("emit", "code.changed", "--id", "push-1", "--json");
  expect(again.exit).toBe(5);
  const names = (JSON.parse(again.out) as { run: { runname: string } }[]).map(({ run }) => run.runname);
  expect(names.sort()).toEqual(["north-1", "north-2", "south-1"]);
});

test("a story is told to a job's summary, as JUnit, and as the status of the commit", async () => {
  await using host = await openLocalHost(() => ({ json: {} }));
  const folder = await mkdtemp(join(tmpdir(), "jackfield-told-"));
  const [summary, junit] = [join(folder, "summary.md"), join(folder, "junit.xml")];
  await writeFile(summary, "before\n");
  const job = {
    GITHUB_API_URL: host.url,
    GITHUB_REPOSITORY: "acme/shop",
    GITHUB_TOKEN: "t",
    GITHUB_SHA: "abc",
  };
  const flags = ["--summary", summary, "--junit", junit, "--status"];
  const told = shop.typing(["emit", "code.changed", "--id", "push-1", ...flags], job);
  expect(await told.ended, told.said.err).toBe(5);
  expect(await readFile(summary, "utf8")).toMatch(/^before\n### ❌ fail: <code>shop<\/code>/);
  expect(await readFile(junit, "utf8")).toMatch(/<failure message="accuracy is [\d.]+, asked is &gt;= 0\.9"/);
  const states = host.calls.map(({ asked, body }) => [asked, (body as { state: string }).state]);
  const path = "POST /repos/acme/shop/statuses/abc";
  expect(states).toEqual([
    [path, "pending"],
    [path, "failure"],
  ]);
  await rm(folder, { recursive: true });
});

const took: number[] = [];
test.each([
  [
    ["code.changed", "--project", "shopp"],
    ["no project file was applied", "did you mean shop?"],
  ],
  [
    ["code.changed", "--project", "shop/nort"],
    ["there is no subproject nort", "did you mean shop/north?"],
  ],
  [
    ["com.example.sold", "--project", "shop"],
    ["nearest: shop on com.example.sold stage=eu says no: stage=eu"],
  ],
  [["data.changed", "--project", "shop"], ["shop on code waits for code.changed"]],
])("that nothing reacted is said within two seconds, with the nearest trigger (%j)", async (words, said) => {
  const began = performance.now();
  const { exit, err } = await shop.typed("emit", ...words);
  took.push(performance.now() - began);
  // One of several: a machine that has much else to do may be slow once.
  expect([exit, Math.min(...took) < 2_000]).toEqual([9, true]);
  expect(err).toContain("E_NO_LISTENER");
  for (const text of said) expect(err).toContain(text);
  expect((await shop.typed("emit", ...words, "--optional")).exit).toBe(0);
});

test("what others wrote is shown and never obeyed, in every verb that prints it", async () => {
  const evil = "\u001b]52;c;aGk=\u0007\u009b31m\u202ednE\r\nforged";
  const event = {
    type: "com.example.evil",
    id: `evil ${evil}`,
    source: `/ci/${evil}`,
    data: { evil },
    project: "shop",
  };
  await writeFile(join(shop.folder, "evil.json"), JSON.stringify(event));
  const said = [
    await shop.typed("emit", "evil.json"),
    await shop.typed("emit", "evil.json", "--optional", "--json"),
    await shop.typed("ls", "events", "--where", "com.example.evil"),
    await shop.typed("show", event.id),
    await shop.typed("why", event.id),
    await shop.typed("show", event.id, "--json"),
  ].map(({ out, err }) => out + err);
  // eslint-disable-next-line no-control-regex -- this is what must not be there
  for (const text of said) expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(said.join("")).toContain("\\u001b]52;c;aGk=\\u0007");
});
