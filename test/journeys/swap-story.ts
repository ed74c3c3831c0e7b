import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "vitest";
import { shortType } from "@jackfield/spec/event/type";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { finishedData } from "@jackfield/spec/event/task";
import { handlerRegistered } from "@jackfield/spec/facts/handler";
import { until } from "../bed/until.ts";
import { check } from "../checker/check.ts";
import { whenQuiet } from "../checker/quiet.ts";
import { printVerdict } from "../checker/verdict.ts";
import { atTheEnd, collect, emptyFolder, house, jackfield, stopProcess, World } from "./world.ts";

const handlers = join(house, "examples/handlers");
const projects = "abcdefghij".split("").map((letter) => `shop${letter}`);
const requestsEach = 4;

/** A model behind HTTP, which is what is tested; counts who asked. */
async function modelServer(): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server: Server = createServer((_, response) => {
    asked += 1;
    response.end(JSON.stringify({ prediction: "rain" }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atTheEnd(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/v2/models`, asked: () => asked };
}

/** Each subproject has a model of its own, so that no answer of the cache fits another. */
function projectText(project: string, url: string, subprojects: readonly string[]): string {
  const each = subprojects.map((name) => `  ${name}: { params: { url: "${url}/${project}-${name}" } }`);
  return `project: ${project}
organization: acme
params: { requests: ${requestsEach} }
workflow:
  test: { with: { url: /configuration/train/params/url, requests: /configuration/train/params/requests } }
subprojects:
${each.join("\n")}
`;
}

/** A load tester, for every project. */
async function begin(world: World, name: string, command: string[]): Promise<ChildProcess> {
  const words = ["handle", "test", "--name", name, "--concurrency", "3", "--", ...command];
  const child = spawn(process.execPath, [jackfield, ...words], {
    cwd: handlers,
    env: { PATH: process.env["PATH"], JACKFIELD_URL: world.url },
    stdio: ["ignore", "pipe", "pipe"],
  });
  atTheEnd(() => stopProcess(child));
  const said = collect(child);
  const isIt = ({ data }: CloudEvent): boolean => handlerRegistered.data.parse(data).handler === name;
  await world.happened("handler.registered", isIt).catch((cause: unknown) => {
    throw new Error(`${name} did not come: ${said.out}${said.err}`, { cause });
  });
  return child;
}

/** Asks for one run of each subproject, each by an id of its own; answers when the stream has them. */
async function askFor(url: string, asked: readonly { project: string; subproject: string; id: string }[]) {
  const body = JSON.stringify(asked.map((one) => ({ type: "run.requested", ...one })));
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/events`, { method: "POST", headers, body });
  expect(response.status, await response.text()).toBe(202);
}

const named = (world: World, type: string): CloudEvent[] =>
  world.events.filter((event) => shortType(event.type) === type);

/**
 * The story this project comes from: many pipelines run `test`, and the load tester behind it is exchanged for another by
 * one `bind` at the organization, while they run.
 */
export async function swapStory({ subprojects }: { subprojects: number }): Promise<void> {
  const model = await modelServer();
  const world = await World.begin({ folder: await emptyFolder() });
  await world.did("apply", join(handlers, "test.json"));
  const names = Array.from({ length: subprojects / projects.length }, (_, index) => `model${index}x`);
  for (const project of projects) {
    const file = join(world.folder, `${project}.yaml`);
    await writeFile(file, projectText(project, model.url, names));
    await world.did("apply", file);
  }
  const cannon = await begin(world, "cannon", ["node", "test_autocannon.mjs"]);
  await begin(world, "curling", ["bash", "test_curl.sh"]);
  await world.did("bind", "test=cannon", "--on", "organization:acme");
  const configured = named(world, "config.applied").length;

  const all = projects.flatMap((project) => names.map((subproject) => ({ project, subproject })));
  const round = (number: number) =>
    all.map((one) => ({ ...one, id: `${one.project}-${one.subproject}-${number}` }));
  await askFor(world.url, round(1));
  await until("the first tester is at work", () => named(world, "test.started").length > 2, {
    withinMs: 30_000,
  });
  const before = performance.now();
  await world.did("bind", "test=curling", "--on", "organization:acme", "--reason", "a leaner tool");
  expect(performance.now() - before, "in force within two seconds").toBeLessThan(2_000);
  await askFor(world.url, round(2));
  const runs = 2 * all.length;
  await until("all runs are over", () => named(world, "run.finished").length >= runs, { withinMs: 240_000 });

  whoAnswered(world, runs);
  expect(named(world, "config.applied"), "no file and no workflow changed").toHaveLength(configured);
  expect(model.asked(), "each run asked so often, none twice").toBe(runs * requestsEach);
  await stopProcess(cannon);
  await judged(world);
}

/** Of each run: the tool that was bound when it began, once, and its answer counted. */
function whoAnswered(world: World, runs: number): void {
  const events = world.events;
  const place = (event: CloudEvent): number => events.indexOf(event);
  const swapped = place(named(world, "binding.changed").at(-1) ?? ({} as CloudEvent));
  const started = named(world, "run.started");
  expect(new Set(started.map(({ run }) => run)).size).toBe(runs);
  const finished = new Map(named(world, "test.finished").map((event) => [event.run, event]));
  expect(named(world, "test.triggered"), "each task once").toHaveLength(runs);
  expect(named(world, "test.finished"), "each answer once").toHaveLength(runs);
  const tools = started.map((event) => {
    const expected = place(requestOf(events, event)) > swapped ? "curling" : "cannon";
    const answer = finished.get(event.run);
    expect([event.run, answer?.handler, answer?.result]).toEqual([event.run, expected, "pass"]);
    const { tool } = finishedData.parse(answer?.data).outputs ?? {};
    expect(tool).toBe(expected === "curling" ? "curl" : "autocannon");
    return expected;
  });
  expect(tools.filter((tool) => tool === "cannon").length).toBeGreaterThan(0);
  expect(tools.filter((tool) => tool === "curling").length).toBeGreaterThan(0);
}

const requestOf = (events: readonly CloudEvent[], { causationid }: CloudEvent): CloudEvent => {
  const found = events.find(({ id }) => id === causationid);
  if (found === undefined) throw new Error(`no request ${causationid ?? ""}`);
  return found;
};

/** The checker's verdict: nothing lost, nothing doubled, and everything has a cause. */
async function judged(world: World): Promise<void> {
  const { nats, postgres } = await world.run();
  const stores = {
    natsUrl: nats?.url ?? "",
    natsCreds: nats?.creds,
    postgresUrl: postgres?.url ?? "",
  };
  await whenQuiet({ ...stores, withinMs: 30_000 });
  const verdict = await check({ history: join(world.folder, "nothing-was-recorded"), ...stores });
  expect(verdict.holds, printVerdict(verdict)).toBe(true);
}
