import { join } from "node:path";
import { expect, test } from "vitest";
import { shortType } from "@jackfield/spec/event/type";
import { until } from "../bed/until.ts";
import { check } from "../checker/check.ts";
import { recordInto } from "../checker/history.ts";
import { whenQuiet } from "../checker/quiet.ts";
import { printVerdict } from "../checker/verdict.ts";
import { program } from "../journeys/programs.ts";
import { atTheEnd, emptyFolder, projectWith, World } from "../journeys/world.ts";
import { HandlerProcess } from "./handler-process.ts";
import { mortalBuild } from "./points/mortal-build.ts";
import { Points, type Wanted } from "./points/points.ts";

// Predicts rain for every day, and tells the history which attempt it works on.
const tool = program(`
import { appendFileSync } from "node:fs";
const { JACKFIELD_TASK: task, JACKFIELD_ATTEMPT: attempt } = process.env;
const line = { at: Date.now(), who: "tool", op: "effect", key: task + " " + attempt };
appendFileSync(process.argv[2], JSON.stringify(line) + "\\n");
await new Promise((resolve) => setTimeout(resolve, 300));
model();
predict(ids.map((id) => id + ",rain"));
`);

const at = (process: string, point: string): Wanted => ({ process, point, victim: "itself", passing: 1 });
const waves: readonly Wanted[][] = [
  [at("handle", "given"), at("gateway", "before finished")],
  [at("handle", "answered"), at("gateway", "after started")],
  [at("gateway", "sent finished"), { ...at("gateway", "sent started"), victim: "nats-server" }],
  [at("gateway", "after finished")],
];

test("a command as handler: kill -9 of it, of the gateway and of nats-server at its points loses and doubles nothing", async () => {
  const build = await mortalBuild("command");
  const points = new Points(await emptyFolder());
  const history = join(await emptyFolder(), "history.jsonl");
  const folder = await projectWith("none", { "tool.mjs": tool });
  const environment = { JACKFIELD_LEASE_SECONDS: "6", JACKFIELD_FAULT_POINTS: points.folder };
  const world = await World.begin({ folder, isolate: true, program: build.program, environment });
  await world.did("apply");
  const words = [
    "handle",
    "train",
    "--name",
    "tool",
    "--concurrency",
    "2",
    "--",
    "node",
    "tool.mjs",
    history,
  ];
  const handler = new HandlerProcess(
    [build.program, ...words],
    { ...environment, JACKFIELD_URL: world.url },
    folder,
  );
  atTheEnd(() => handler.end());
  await world.happened("handler.registered", ({ subject }) => subject === "tool");
  await world.did("bind", "train=tool");
  const ended = (): number => world.events.filter(({ type }) => shortType(type) === "run.finished").length;
  let runs = 0;
  const ask = async (): Promise<void> => {
    await until("a run", async () => {
      const { exit } = await world.type("run", "weather/seattle", "--no-cache", "--no-wait");
      return exit === 0;
    });
    runs += 1;
  };
  for (const wave of waves) {
    for (const wanted of wave) await points.arm({ world, history }, wanted);
    for (let count = 0; count < 3; count += 1) await ask();
    await Promise.all(wave.map((wanted) => points.struck(wanted)));
    await until(`${runs} runs`, () => ended() >= runs, { withinMs: 60_000 });
  }
  // In the middle of its work.
  await ask();
  const before = world.seen.length;
  await until("it is at work", () =>
    world.seen
      .slice(before)
      .some(({ event }) => event !== undefined && shortType(event.type) === "train.started"),
  );
  recordInto(history, "test")({ op: "fault", what: "kill -9 handle, at work", part: "blow" });
  process.kill(handler.pid, "SIGKILL");
  await until(`${runs} runs`, () => ended() >= runs, { withinMs: 60_000 });
  const { nats, postgres } = await world.run();
  const stores = { natsUrl: nats?.url ?? "", natsCreds: nats?.creds ?? "", postgresUrl: postgres?.url ?? "" };
  await whenQuiet({ ...stores, withinMs: 30_000 });
  const verdict = await check({ history, ...stores });
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
  const outcomes = world.events.flatMap(({ type, data }) =>
    shortType(type) === "run.finished" ? [data] : [],
  );
  for (const data of outcomes) expect(data).toMatchObject({ outcome: "pass" });
}, 300_000);
