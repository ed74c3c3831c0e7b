import { z } from "zod";
import * as conductor from "../ask/conductor.ts";
import { answered } from "../ask/tracker.ts";
import { logs } from "../ask/handler.ts";
import { cloudEvent } from "../event/envelope.ts";
import { scopeName } from "../event/names.ts";
import { result, status } from "../event/outcome.ts";
import { finishedData, progressedData } from "../event/task.ts";
import { handlerDescription } from "../facts/handler.ts";
import { route } from "./route.ts";

const name = z.object({ name: scopeName });
const task = z.object({ task: z.string() });

export const getHandlers = route("GET", "/v1/handlers", {
  summary: "Who can answer what, and who is alive",
  scope: "read",
  query: z.object({ project: scopeName.optional() }),
  answer: conductor.handlers.answer,
});

export const getAnswered = route("GET", "/v1/answered", {
  summary: "What each handler answered: how often, how often it was an error, and the last time",
  scope: "read",
  query: z.object({ project: scopeName.optional() }),
  answer: answered.answer,
});

export const getBindings = route("GET", "/v1/bindings", {
  summary: "Which handler answers which capability here, and who said so",
  scope: "read",
  query: conductor.bindings.input,
  answer: conductor.bindings.answer,
});

export const postBindings = route("POST", "/v1/bindings", {
  summary: "Move a lead: from now on this handler answers this capability",
  scope: "operate",
  within: "body",
  body: conductor.bind.input,
  answer: conductor.bind.answer,
});

export const getCapabilities = route("GET", "/v1/capabilities", {
  summary: "Every contract in force: the built-in capabilities, and those that were published",
  scope: "read",
  within: "answer",
  answer: conductor.capabilities.answer,
});

export const postCapabilities = route("POST", "/v1/capabilities", {
  summary: "Publish a capability: its name and the JSON Schemas of what goes in and comes out",
  scope: "admin",
  body: conductor.publish.input,
  answer: conductor.publish.answer,
});

export const registerHandler = route("POST", "/v1/handlers/:name", {
  summary: "Pull door: here I am; said again every few seconds",
  scope: "handle",
  within: "body",
  params: name,
  body: handlerDescription.omit({ handler: true }).extend({
    instance: z.string(),
    concurrency: z.int().min(0).max(10_000),
    leaving: z.boolean().optional(),
  }),
  answer: z.object({ everySeconds: z.number() }),
});

/** A task in the hands of a runner; the token is good for that task alone, until its deadline. */
export const pulledTask = z
  .object({ task: z.string(), token: z.string(), deadline: z.string(), event: cloudEvent })
  .meta({ id: "PulledTask" });

export const nextTask = route("GET", "/v1/handlers/:name/next", {
  summary: "Pull door: the next task, or 204 when there is none; taking it is `started`",
  scope: "handle",
  within: "answer",
  params: name,
  query: z.object({
    instance: z.string(),
    wait: z
      .string()
      .regex(/^\d{1,2}s$/)
      .optional(),
  }),
  answer: pulledTask,
});

export const getLogs = route("GET", "/v1/tasks/:task/logs", {
  summary: "What an attempt has written so far, also while it runs, from a byte on",
  scope: "read",
  params: task,
  query: z.object({
    /** What a token is good for may end at a project; a task is found without it. */
    project: scopeName.optional(),
    handler: scopeName,
    attempt: z.coerce.number().int().min(1),
    stream: logs.input.shape.stream,
    from: z.coerce.number().int().min(0).optional(),
  }),
  answer: logs.answer,
});

const token = { token: z.string() };

export const heartbeat = route("POST", "/v1/tasks/:task/heartbeat", {
  summary: "Pull door: still at work; 410 says stop, and why",
  scope: "handle",
  orTask: true,
  within: "answer",
  params: task,
  body: z.object(token),
  answer: z.object({ go: z.literal(true), untilSeconds: z.number() }),
});

export const progress = route("POST", "/v1/tasks/:task/progress", {
  summary: "Pull door: something to tell",
  scope: "handle",
  orTask: true,
  within: "answer",
  params: task,
  body: progressedData.extend(token),
  answer: z.object({}),
  status: 202,
});

export const finish = route("POST", "/v1/tasks/:task/finished", {
  summary: "Pull door: the answer",
  scope: "handle",
  orTask: true,
  within: "answer",
  params: task,
  body: finishedData.extend({ ...token, status, result: result.optional() }),
  answer: z.object({ id: z.string() }),
  status: 202,
});
