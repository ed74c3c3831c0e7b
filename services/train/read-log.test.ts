import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openWorkingFolder } from "@jackfield/executor/working-folder";
import { logFolder, readLog, workName } from "./read-log.ts";

let place: { logs: string; work: string };
let root: string;
const name = { task: "aaaa/train", attempt: 1 };

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "jackfield-logs-"));
  place = { logs: join(root, "logs"), work: join(root, "work") };
});
afterAll(() => rm(root, { recursive: true, force: true }));

const read = (from: number, asked: { task: string; attempt: number } = name) =>
  readLog(place)({ ...asked, stream: "stdout", from });

test("a log is read while it is written, by whole characters, and after the command is over to its end", async () => {
  expect(await read(0), "an attempt of another instance").toBeUndefined();
  const folder = await openWorkingFolder(place.work, workName(name.task, name.attempt));
  expect(await read(0)).toEqual({ text: "", next: 0, ended: false });
  const file = join(logFolder(place.logs, name.task, name.attempt), "stdout.log");
  await mkdir(join(file, ".."), { recursive: true });
  const bytes = Buffer.from("6 °C\n");
  await writeFile(file, bytes.subarray(0, 3));
  expect(await read(0)).toEqual({ text: "6 ", next: 2, ended: false });
  await appendFile(file, bytes.subarray(3));
  expect(await read(2)).toEqual({ text: "°C\n", next: 6, ended: false });
  expect(await read(6)).toEqual({ text: "", next: 6, ended: false });
  await folder.close();
  expect(await read(2)).toEqual({ text: "°C\n", next: 6, ended: true });
});

test("a long log comes in pieces that fit a message however they are written", async () => {
  const folder = logFolder(place.logs, "long/train", 1);
  await mkdir(folder, { recursive: true });
  const whole = Buffer.concat([Buffer.alloc(100_000), Buffer.from("é".repeat(50_000))]);
  await writeFile(join(folder, "stdout.log"), whole);
  let text = "";
  for (let from = 0, ended = false; !ended;) {
    const piece = await read(from, { task: "long/train", attempt: 1 });
    expect(JSON.stringify(piece).length).toBeLessThan(256 * 1024);
    text += piece?.text ?? "";
    from = piece?.next ?? 0;
    ended = piece?.ended ?? true;
  }
  expect(text).toBe(whole.toString());
});

test("nothing outside the folder of logs is read", async () => {
  await mkdir(join(root, "secret", "1"), { recursive: true });
  await writeFile(join(root, "secret", "1", "stdout.log"), "not for you");
  for (const task of ["../secret", "aaaa/../../secret", "/secret", "aaaa/./train", "..\\secret", ""])
    await expect(read(0, { task, attempt: 1 }), task).rejects.toMatchObject({ code: "E_INVALID" });
});
