import type { z } from "zod";
import { ownEvent } from "../event/envelope.ts";
import type { Capability } from "../event/contract.ts";
import { problemReport } from "../event/problem.ts";
import { lifeData, lifePredicates, type LifePredicate } from "../event/task.ts";
import { appliedProject } from "../project/configuration.ts";
import { projectFile } from "../project/file.ts";
import { jsonSchema, type Language } from "./gather.ts";

/** One JSON Schema 2020-12 per event's data, and of what surrounds them. */
export function schemasOf(language: Language): Record<string, unknown> {
  const surroundings = {
    "cloud-event": ownEvent,
    problem: problemReport,
    "project-file": projectFile,
    "applied-project": appliedProject,
  };
  const named = Object.entries(surroundings).map(([name, schema]): [string, z.ZodType] => [name, schema]);
  const facts = language.facts.map((fact): [string, z.ZodType] => [
    `${fact.subject}.${fact.predicate}`,
    fact.data,
  ]);
  const lives = language.capabilities.flatMap((capability) =>
    lifePredicates.map((predicate): [string, z.ZodType] => [
      `${capability.name}.${predicate}`,
      lifeSchema(capability, predicate),
    ]),
  );
  return Object.fromEntries(
    [...named, ...facts, ...lives].map(([name, schema]) => [
      `schemas/${name}.json`,
      { $id: `https://jackfield.dev/schemas/${name}/1.0.0`, ...jsonSchema(schema) },
    ]),
  );
}

/** The data of one step in the life of a task, with the capability's own inputs and outputs in their places. */
export function lifeSchema(capability: Capability, predicate: LifePredicate): z.ZodType {
  switch (predicate) {
    case "requested":
      return lifeData.requested.extend({ inputs: capability.input });
    case "triggered":
      return lifeData.triggered.extend({ inputs: capability.input });
    case "finished":
      return lifeData.finished.extend({ outputs: capability.output.optional() });
    case "started":
    case "progressed":
      return lifeData[predicate];
  }
}
