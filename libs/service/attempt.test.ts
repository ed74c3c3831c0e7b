import type { Events } from "@jackfield/events/connection";
import type { Publisher } from "@jackfield/events/publish";
import { Problem } from "@jackfield/problem/problem";
import { capability } from "@jackfield/spec/event/contract";
import { maxEventBytes, type CloudEvent } from "@jackfield/spec/event/envelope";
import { sourceOfService } from "@jackfield/spec/event/ids";
import { eventType, shortType } from "@jackfield/spec/event/type";
import { expect, test } from "vitest";
import { z } from "zod";
import { assignmentOf } from "./answer-events.ts";
import { attempt, type Workplace } from "./attempt.ts";
import { missingSetting } from "./connections.ts";
import { openLog } from "./log.ts";
import { on, type Handler } from "./on.ts";
import { Taken } from "./taken.ts";

const echo = capability("echo", {
  input: z.object({}),
  output: z.object({ text: z.string() }),
  tables: [],
  example: { input: {}, output: { text: "" } },
});

const triggered: CloudEvent = {
  specversion: "1.0",
  id: "r/echo/echo/1/triggered",
  source: sourceOfService("conductor"),
  type: eventType("echo", "triggered", "1.0.0"),
  subject: "r/echo",
  project: "p",
  run: "r",
  handler: "echo",
  attempt: 1,
  data: {
    inputs: {},
    handlerversion: "1",
    limits: { startSeconds: 30, leaseSeconds: 60, finishSeconds: 600, attempts: 3 },
  },
};

/** One attempt, with a publisher that refuses what no event may weigh; answers with what was said. */
async function saidBy(handler: Handler, artifacts: Workplace["artifacts"]): Promise<CloudEvent[]> {
  const said: CloudEvent[] = [];
  const publish = async (event: CloudEvent): ReturnType<Publisher["publish"]> => {
    if (JSON.stringify(event).length > maxEventBytes) throw new Problem("E_TOO_LARGE", "Too large.");
    said.push(event);
    return { position: { epoch: 1, sequence: said.length }, duplicate: false };
  };
  const place: Workplace = {
    events: {} as Events, // a lease is asked for only after 5 s
    publisher: { publish, flush: async () => undefined, close: async () => undefined } as Publisher,
    artifacts,
    log: openLog({ service: "echo", level: "silent" }),
    signal: new AbortController().signal,
    instance: "i",
    taken: new Taken(),
  };
  const delivery = {
    event: triggered,
    digest: "",
    sequence: 1,
    redelivered: false,
    ageMs: 0,
    ack: () => undefined,
    working: () => undefined,
  };
  const assignment = assignmentOf(triggered, "i");
  if (assignment === undefined) throw new Error("this triggered assigns nothing");
  await attempt(place, handler, { delivery, assignment, free: () => undefined });
  return said;
}

const noArtifacts = (): never => missingSetting("JACKFIELD_ARTIFACTS_URL");

test("a service without an artifact store says so; its task does not hang until its time is over", async () => {
  const said = await saidBy(
    on(echo, async () => ({ text: "" })),
    noArtifacts,
  );
  expect(said.map(({ type }) => shortType(type))).toEqual(["echo.started", "echo.finished"]);
  expect(said.at(-1)).toMatchObject({ status: "errored", data: { problem: { code: "E_CONFIG" } } });
});

test("an answer that fits into no event ends its attempt with that reason, not with silence", async () => {
  const huge = on(echo, async () => ({ text: "x".repeat(maxEventBytes) }));
  const said = await saidBy(huge, () => ({}) as ReturnType<Workplace["artifacts"]>);
  expect(said.at(-1)).toMatchObject({
    id: "r/echo/echo/1/finished",
    status: "errored",
    data: { retry: false, problem: { code: "E_TOO_LARGE" } },
  });
});
