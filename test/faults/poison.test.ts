import { jetstream } from "@nats-io/jetstream";
import { expect, test } from "vitest";
import { streamEnd, withConnection } from "../checker/stream.ts";
import { printVerdict } from "../checker/verdict.ts";
import { FaultWorld } from "./fault-world.ts";

const envelope = {
  specversion: "1.0",
  source: "/faults",
  type: "dev.cdeventsx.jackfield-run.requested.1.0.0",
  project: "faults",
  subproject: "one",
};
const event = (id: string, data: unknown): string => JSON.stringify({ ...envelope, id, data });
const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

/** What is no event, and what is one but holds what a reader may choke on. */
const poison: [what: string, body: string | Uint8Array, isEvent: boolean][] = [
  ["nothing", "", false],
  ["bytes that are no text", Uint8Array.from([0, 255, 254, 1]), false],
  ["half an event", event("half", 1).slice(0, -9), false],
  ["a number that JSON does not have", event("nan", "?").replace('"?"', "NaN"), false],
  ["arrays in arrays in arrays", event("deep", "?").replace('"?"', deep(20_000)), false],
  ["a request that is a list", event("list", [1, 2, 3]), true],
  ["a request with text for a flag", event("text", { cache: "\u0000", seed: "-1" }), true],
  [
    "a request with thousands of keys",
    event("keys", Object.fromEntries(Array.from({ length: 4_000 }, (_, n) => [`k${n}`, n]))),
    true,
  ],
];

test("F17: what would choke a reader is kept aside, and everybody else goes on", async () => {
  await using faults = await FaultWorld.begin();
  const before = await faults.request(5);
  const subject = `evt.faults._.${envelope.type}`;
  await withConnection(await faults.nats(), async (connection) => {
    const { epoch } = await streamEnd(await faults.nats());
    for (const [what, body, isEvent] of poison) {
      const { seq } = await jetstream(connection).publish(subject, body);
      if (!isEvent) faults.record({ op: "lie", what, position: `${epoch}-${seq}` });
    }
  });
  await faults.over([...before, ...(await faults.request(5))]);
  const verdict = await faults.verdict();
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}, 60_000);
