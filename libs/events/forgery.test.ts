import { existsSync } from "node:fs";
import { readFile, readdir, readlink } from "node:fs/promises";
import { headers } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { handler, service, trainEvent, underRights } from "../../test/bed/under-rights.ts";
import { contentDigest, messageId } from "./digest.ts";
import { createPublisher } from "./publish.ts";
import { subjectOf } from "./subject.ts";

const house = underRights();
const boost = handler("weather", "boost");
const acme = handler("weather", "acme");

test("a handler cannot answer for another, nor trigger, and is told what it may not and the way out", async () => {
  await using publisher = createPublisher(await house.as(boost));
  for (const forged of [
    trainEvent("weather", "acme", "finished"),
    trainEvent("sales", "boost", "finished"),
    trainEvent("weather", "boost", "triggered"),
    { ...trainEvent("weather", "boost", "finished"), type: "com.example.pushed" },
  ])
    await expect(publisher.publish(forged)).rejects.toMatchObject({
      code: "E_TOKEN_SCOPE",
      message: `The NATS user weather-boost may not publish on ${subjectOf(forged)}.`,
      next: "give it a credential for this: jackfield admin token --handler NAME --project PROJECT",
    });
  expect(await house.log()).toEqual([]);
});

test("the gateway speaks for runners, and neither triggers nor answers in the place of the house", async () => {
  await using publisher = createPublisher(await house.as(service("gateway")));
  await publisher.publish(trainEvent("weather", "acme", "finished"));
  const conductors = { ...trainEvent("weather", "acme", "finished"), source: "/jackfield/conductor" };
  for (const forged of [
    trainEvent("weather", "acme", "triggered"),
    conductors,
    trainEvent("weather", "command", "finished"),
    { ...conductors, type: "dev.cdeventsx.jackfield-run.finished.1.0.0" },
  ])
    await expect(publisher.publish(forged)).rejects.toMatchObject({ code: "E_TOKEN_SCOPE" });
  expect((await house.log()).map(({ event }) => event?.id)).toEqual(["r/train/acme/1/finished"]);
});

test("a body that says more than its subject is forged, whatever it says", async () => {
  const { connection } = await house.as(boost);
  const own = subjectOf(trainEvent("weather", "boost", "finished"));
  const bodies: CloudEvent[] = [
    trainEvent("weather", "acme", "finished"),
    trainEvent("sales", "boost", "finished"),
    trainEvent("weather", "boost", "triggered"),
    { ...trainEvent("weather", "boost", "finished"), source: "/jackfield/conductor" },
    { ...trainEvent("weather", "boost", "finished"), handler: "acme" },
    { ...trainEvent("weather", "boost", "finished"), type: "com.example.pushed" },
  ];
  for (const body of bodies) await connection.request(own, JSON.stringify(body));
  const log = await house.log();
  expect(log.map(({ refused }) => refused?.reason)).toEqual(bodies.map(() => "forged"));
});

test("P2: junk under the message id that another's answer will have does not keep that answer out", async () => {
  const answer = trainEvent("weather", "acme", "finished");
  const guessed = messageId(answer, contentDigest(answer));
  const lines = headers();
  lines.set("Nats-Msg-Id", guessed);
  const { connection } = await house.as(boost);
  await connection.request(subjectOf(trainEvent("weather", "boost", "finished")), "junk", {
    headers: lines,
    timeout: 5_000,
  });
  await using publisher = createPublisher(await house.as(acme));
  expect(await publisher.publish(answer)).toMatchObject({ duplicate: false });
  expect(await publisher.publish(answer)).toMatchObject({ duplicate: true });
  expect((await house.log()).map(({ event }) => event?.id)).toEqual([undefined, answer.id]);
});

const long = "x".repeat(5_000);
const tricks = [
  "*",
  ">",
  "..",
  ".",
  " ",
  "a b",
  "\0",
  "a\r\nPUB evil 0",
  "ü",
  "\u202E",
  "_",
  "$JS.API",
  long,
];

test("S21: a word is only a word: wildcards, dots, spaces, NUL, 5 kB and non-ASCII stay one token, and nobody is cut off", async () => {
  const events = await house.as(service("gateway"));
  await using publisher = createPublisher(events);
  const sent = tricks.flatMap((trick, index): CloudEvent[] => [
    { specversion: "1.0", id: `t${index}`, source: "/ci", type: trick === " " ? "x" : `x.${trick}` },
    { specversion: "1.0", id: trick, source: `/ci/${index}`, type: "x", subject: trick },
  ]);
  const printable = sent.filter((each) => !/[\0\r\n]/.test(each.id + each.type));
  await Promise.all(printable.map((each) => publisher.publish(each)));
  const log = await house.log();
  expect(log.map(({ event }) => event?.id).sort()).toEqual(printable.map(({ id }) => id).sort());
  expect(log.every(({ subject }) => /^evt\._\._\.[A-Za-z0-9_=~.-]+$/.test(subject))).toBe(true);
  expect(events.connected).toBe(true);
});

test("S22: headers that command the stream do nothing from a handler", async () => {
  await using victim = createPublisher(await house.as(acme));
  await victim.publish(trainEvent("weather", "acme", "finished"));
  const { connection } = await house.as(boost);
  for (const [name, value] of [
    ["Nats-Rollup", "all"],
    ["Nats-Rollup", "sub"],
    ["Nats-TTL", "1s"],
    ["Nats-Expected-Stream", "OTHER"],
  ] as const) {
    const lines = headers();
    lines.set(name, value);
    const own = subjectOf(trainEvent("weather", "boost", "finished"));
    await connection.request(own, "junk", { headers: lines, timeout: 5_000 });
  }
  expect((await house.log())[0]?.event?.id).toBe("r/train/acme/1/finished");
});

/** The addresses on which a process listens, as Linux tells. */
async function listeningOf(pid: number): Promise<string[]> {
  const files = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => "")));
  const tables = await Promise.all(["tcp", "tcp6"].map((table) => readFile(`/proc/net/${table}`, "utf8")));
  return tables
    .flatMap((table) => table.split("\n").map((line) => line.trim().split(/\s+/)))
    .filter(([, , , state, , , , , , inode]) => state === "0A" && links.includes(`socket:[${inode ?? ""}]`))
    .map(([, local = ""]) => local);
}

test.runIf(existsSync("/proc/net/tcp"))(
  "S24: nothing listens but NATS, on loopback: no websocket, MQTT, leaf nodes, cluster or monitoring",
  async () => {
    const port = house.nats.port.toString(16).toUpperCase().padStart(4, "0");
    expect(await listeningOf(house.nats.pid)).toEqual([`0100007F:${port}`]);
  },
);
