import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "jackfield/command";
import { serverLines, type Authority } from "@jackfield/events/authority";
import { openEvents, type Events } from "@jackfield/events/connection";
import { createPublisher } from "@jackfield/events/publish";
import { ensureStream, streamState } from "@jackfield/events/stream";
import { expect, onTestFinished, test } from "vitest";
import { natsBinary } from "../test/bed/servers.ts";
import { startNats, type NatsServer } from "./embedded/nats-server.mjs";
import { credentialIn, keepCredentials, natsFolder, openAuthority } from "./nats-authority.ts";
import { jackfieldFolder } from "./run-file.ts";

async function folderOfItsOwn(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-keys-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function serverOf(folder: string, authority?: Authority): Promise<NatsServer> {
  const accounts = authority === undefined ? [] : serverLines(authority);
  const server = await startNats({ binary: await natsBinary(), folder, accounts });
  onTestFinished(() => server.stop());
  return server;
}

async function connected(url: string, creds?: string): Promise<Events> {
  const events = await openEvents({ url, name: "test", creds });
  onTestFinished(() => events.close());
  return events;
}

test("the keys are made once, by whoever comes first, and are their owner's only", async () => {
  const folder = await folderOfItsOwn();
  const [one, two] = await Promise.all([openAuthority(folder), openAuthority(folder)]);
  expect(two).toEqual(one);
  expect(await openAuthority(folder)).toEqual(one);
  await keepCredentials(folder, one, { prefix: undefined, house: ["train"] });
  const files = [
    join(folder, "authority.json"),
    credentialIn(folder, "train"),
    credentialIn(folder, "admin"),
  ];
  for (const file of files) expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("keys that are not whole are not made anew: the log would be lost with them", async () => {
  const folder = await folderOfItsOwn();
  await writeFile(join(folder, "authority.json"), "{");
  await expect(openAuthority(folder)).rejects.toMatchObject({ code: "E_CONFIG" });
  expect(await readFile(join(folder, "authority.json"), "utf8")).toBe("{");
});

test("a log from before there were rights is there with them, in its epoch", async () => {
  const folder = await folderOfItsOwn();
  const open = await serverOf(folder);
  const events = await connected(open.url);
  await ensureStream(events, { maxBytes: 1_000_000 });
  const publisher = createPublisher(events);
  await publisher.publish({ specversion: "1.0", id: "1", source: "/ci", type: "com.example.pushed" });
  const before = await streamState(events);
  await publisher.close();
  await events.close();
  await open.stop();
  const authority = await openAuthority(folder);
  await keepCredentials(folder, authority, { prefix: undefined, house: [] });
  const { url } = await serverOf(folder, authority);
  const admin = await connected(url, await readFile(credentialIn(folder, "admin"), "utf8"));
  expect(before).toMatchObject({ last: 1 });
  expect(await streamState(admin)).toMatchObject({ created: before?.created, first: 1, last: 1 });
});

/** `jackfield …`, typed in a folder. */
async function typed(
  folder: string,
  ...words: string[]
): Promise<{ exit: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const exit = await command(words, {
    stdout: { write: (text) => (said.out += text.toString()) },
    stderr: { write: (text) => (said.err += text.toString()) },
    env: {},
    cwd: () => folder,
    on: () => undefined,
  });
  return { exit, ...said };
}

test("jackfield admin token lets one handler in, as that handler, until it is told", async () => {
  const folder = await folderOfItsOwn();
  const token = (...words: string[]): ReturnType<typeof typed> => typed(folder, "admin", "token", ...words);
  expect(await token("--handler", "boost", "--project", "weather")).toMatchObject({
    exit: 2,
    err: expect.stringContaining("E_CONFIG") as string,
  });
  const nats = natsFolder(jackfieldFolder(folder));
  await mkdir(nats, { recursive: true });
  await chmod(folder, 0o755);
  const { url } = await serverOf(nats, await openAuthority(nats));
  const { exit, out, err } = await token("train", "--handler", "boost", "--project", "weather");
  expect([exit, err]).toEqual([0, expect.stringContaining("JACKFIELD_NATS_CREDS=FILE")]);
  expect((await connected(url, out)).user).toBe("weather-boost");
  const all = await token("--handler", "boost", "--project", "*", "--until", "2100-01-01");
  expect((await connected(url, all.out)).user).toBe("_all-boost");
  for (const wrong of [
    ["--project", "weather"],
    ["--handler", "b", "--until", "2001-01-01"],
    ["TRAIN", "--handler", "b"],
  ])
    expect(await token("--project", "weather", ...wrong)).toMatchObject({ exit: 2, out: "" });
});
