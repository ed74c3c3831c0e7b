import { evaluate } from "@jackfield/spec/evaluate";
import { fetch } from "@jackfield/spec/fetch";
import { split } from "@jackfield/spec/split";
import { train } from "@jackfield/spec/train";
import type { CapabilityEntry } from "@jackfield/spec/event/contract";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { sourceOfHandler, taskEventId } from "@jackfield/spec/event/ids";
import { attributesOf, type Outcome } from "@jackfield/spec/event/outcome";
import type { FinishedData } from "@jackfield/spec/event/task";
import { eventType, longType, parseType } from "@jackfield/spec/event/type";
import type { HandlerDescription } from "@jackfield/spec/facts/handler";
import type { AppliedProject, Configuration } from "@jackfield/spec/project/configuration";
import { defaultLifecycle } from "@jackfield/spec/project/workflow";
import { catalogueOf } from "./facts.ts";
import { registration } from "./handlers.ts";
import type { Story } from "./story.ts";

const builtIn = [fetch, split, train, evaluate];
const examples = new Map<string, { output: unknown }>(builtIn.map(({ name, example }) => [name, example]));

/** The four capabilities of the default lifecycle. */
export const builtInCatalogue = catalogueOf(
  builtIn.map(({ name, version, effects, publishes, tables }): CapabilityEntry => {
    return { name, version, effects, publishes, tables, input: {}, output: {} };
  }),
);

export const weatherConfiguration: Configuration = {
  fetch: { from: "data/seattle-weather.csv" },
  split: { method: "column", column: "date", test: "2015-01-01.." },
  target: "weather",
  train: { command: "node train.mjs", params: { trees: 100 }, inputs: "parquet" },
  evaluate: { slices: [] },
  gate: { accuracy: ">= 0.80" },
  attempts: {},
};

let count = 0;

/** An event from outside, with an id of its own unless it is given. */
export function said(short: string, parts: Partial<CloudEvent> = {}): CloudEvent {
  count += 1;
  const type = longType(short);
  return {
    specversion: "1.0",
    id: `said-${count}`,
    source: "/test",
    type,
    project: "weather",
    data: {},
    ...parts,
  };
}

/** The default lifecycle, started by these. */
export const lifecycleOn = (...on: string[]): AppliedProject["workflows"] => ({
  [defaultLifecycle.name]: { on, steps: defaultLifecycle.steps },
});

/** A project file became true. */
export const applied = (parts: Partial<AppliedProject> = {}, version = 1): CloudEvent =>
  said("config.applied", {
    source: "/jackfield/projects",
    data: {
      version,
      digest: `sha256:${"0".repeat(64)}`,
      applied: {
        organization: "default",
        project: "weather",
        bind: {},
        workflows: lifecycleOn("code", "data"),
        subprojects: { seattle: weatherConfiguration },
        ...parts,
      },
    },
  });

export const description = (
  handler: string,
  capabilities: string[],
  parts: Partial<HandlerDescription> = {},
): HandlerDescription => ({
  handler,
  version: "1",
  contracts: Object.fromEntries(capabilities.map((name) => [name, { from: "1.0.0", to: "1.0.0" }])),
  project: null,
  ...parts,
});

/** What the conductor says when a handler that it does not know asks to be heard. */
export function registered(story: Story, ...descriptions: HandlerDescription[]): Story {
  for (const one of descriptions) {
    const fact = registration(story.state, one, story.now());
    if (fact !== undefined) story.given(fact);
  }
  return story;
}

/** Fetch, split, command and evaluate are there, and the weather project was applied. */
export const weather = (story: Story, parts: Partial<AppliedProject> = {}): Story =>
  registered(
    story.given(applied(parts)),
    description("fetch", ["fetch"]),
    description("split", ["split"]),
    description("command", ["train"]),
    description("evaluate", ["evaluate"]),
  );

/** A handler's answer to a `triggered`; passing ones carry the outputs of the contract's example. */
export function answer(triggered: CloudEvent, outcome: Outcome, data: FinishedData = {}): CloudEvent {
  const type = parseType(triggered.type);
  const { subject: task = "", handler = "", attempt = 1 } = triggered;
  const outputs = examples.get(type?.subject ?? "")?.output as Record<string, unknown> | undefined; // every output is an object
  return {
    ...envelopeOf(triggered),
    id: taskEventId({ task, handler, attempt }, "finished"),
    source: sourceOfHandler(handler),
    type: eventType(type?.subject ?? "", "finished", "1.0.0"),
    triggeredid: triggered.id,
    causationid: triggered.id,
    ...attributesOf(outcome),
    data: { ...(attributesOf(outcome).status === "succeeded" && { outputs: outputs ?? {} }), ...data },
  };
}

export const started = (triggered: CloudEvent, instance = "i1"): CloudEvent => ({
  ...envelopeOf(triggered),
  id: triggered.id.replace(/triggered$/, "started"),
  source: sourceOfHandler(triggered.handler ?? ""),
  type: triggered.type.replace(".triggered.", ".started."),
  triggeredid: triggered.id,
  data: { instance },
});

function envelopeOf({ data: _, ...attributes }: CloudEvent): CloudEvent {
  return attributes;
}

/** The newest event of a short type in the log. */
export function newest(story: Story, short: string): CloudEvent {
  const type = longType(short);
  const found = story.log.findLast((event) => event.type === type);
  if (found === undefined) throw new Error(`no ${short} in the log`);
  return found;
}
