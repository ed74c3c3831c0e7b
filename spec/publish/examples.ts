import type { Capability } from "../event/contract.ts";
import { cloudEvent, type CloudEvent } from "../event/envelope.ts";
import {
  factId,
  progressedId,
  runId,
  sourceOfHandler,
  sourceOfService,
  taskEventId,
  taskId,
} from "../event/ids.ts";
import { lifePredicates, type LifePredicate } from "../event/task.ts";
import { eventType } from "../event/type.ts";
import type { Language } from "./gather.ts";
import { lifeSchema } from "./schemas.ts";

const run = runId({
  project: "weather",
  subproject: "seattle",
  workflow: "lifecycle",
  source: "/ci/example",
  type: "example",
  id: "1",
});

/** One whole CloudEvent per type, each checked against its own contract while it is made. */
export function examplesOf(language: Language): Record<string, unknown> {
  const facts = language.facts.map((fact) => {
    fact.data.parse(fact.example);
    return example({
      id: factId(run, 1, fact.predicate),
      source:
        fact.subject === "code" || fact.subject === "data" ? "/ci/example" : sourceOfService("conductor"),
      type: fact.type,
      subject: run,
      data: fact.example,
    });
  });
  const lives = language.capabilities.flatMap((capability) =>
    lifePredicates.map((predicate) => lifeExample(capability, predicate)),
  );
  return Object.fromEntries([...facts, ...lives].map((event) => [`examples/${event.type}.json`, event]));
}

const example = (parts: Partial<CloudEvent> & Pick<CloudEvent, "id" | "source" | "type">): CloudEvent =>
  cloudEvent.parse({
    specversion: "1.0",
    time: "2026-11-21T09:00:00Z",
    datacontenttype: "application/json",
    organization: "default",
    project: "weather",
    subproject: "seattle",
    ...parts,
  });

function lifeExample(capability: Capability, predicate: LifePredicate): CloudEvent {
  const task = taskId(run, capability.name);
  const name = { task, handler: capability.name, attempt: 1 };
  const data = lifeData(capability)[predicate];
  lifeSchema(capability, predicate).parse(data);
  const asked = predicate === "requested";
  const decided = predicate === "triggered";
  return example({
    id: predicate === "progressed" ? progressedId(name, "4f0c11d2", 1) : taskEventId(name, predicate),
    source: asked ? "/ci/example" : decided ? sourceOfService("conductor") : sourceOfHandler(capability.name),
    type: eventType(capability.name, predicate, capability.version),
    ...(asked
      ? {}
      : { subject: task, run, runname: "seattle-1", handler: capability.name, role: "primary", attempt: 1 }),
    ...(asked || decided ? {} : { triggeredid: taskEventId(name, "triggered") }),
    ...(predicate === "finished" ? { status: "succeeded", result: "pass" } : {}),
    data,
  });
}

const lifeData = (capability: Capability): Record<LifePredicate, unknown> => ({
  requested: { inputs: capability.example.input },
  triggered: {
    inputs: capability.example.input,
    limits: { startSeconds: 30, leaseSeconds: 60, finishSeconds: 3_600, attempts: 3 },
    handlerversion: "1",
  },
  started: { instance: "4f0c11d2" },
  progressed: { fraction: 0.4, message: "40 of 100 trees" },
  finished: { outputs: capability.example.output, message: "done", workSeconds: 1.2 },
});
