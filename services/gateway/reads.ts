import type { FastifyInstance } from "fastify";
import { askService } from "@jackfield/service/answer";
import * as conductor from "@jackfield/spec/ask/conductor";
import * as projects from "@jackfield/spec/ask/projects";
import { logs } from "@jackfield/spec/ask/handler";
import type { Question } from "@jackfield/spec/ask/question";
import { partsOfTask } from "@jackfield/spec/event/ids";
import * as tracker from "@jackfield/spec/ask/tracker";
import { getEvent, getEvents, getWithheld } from "@jackfield/spec/http/events";
import {
  getAnswered,
  getBindings,
  getCapabilities,
  getHandlers,
  getLogs,
  postBindings,
  postCapabilities,
} from "@jackfield/spec/http/handlers";
import { getConfiguration, getProjects, postProjects } from "@jackfield/spec/http/projects";
import {
  abortRun,
  getRequest,
  getRun,
  getRuns,
  getStory,
  getWhy,
  pauseRun,
  resumeRun,
} from "@jackfield/spec/http/runs";
import type { z } from "zod";
import { mayTouch } from "./access/caller.ts";
import type { GatewayParts } from "./door-parts.ts";
import { serve } from "./serve-route.ts";

/** Longer than any service waits for a position, so that its own words come back. */
const answerWithinMs = 12_000;
/** Who has the log reads a piece of a file; when nobody has it, all are silent. */
const logWithinMs = 2_000;

/** Routes that are one question to the service that owns the thing, asked with what the route was given. */
export function serveQuestions(app: FastifyInstance, { events }: GatewayParts): void {
  const ask = <Input extends z.ZodType, Answer extends z.ZodType>(
    question: Question<Input, Answer>,
    input: z.input<Input>,
  ): Promise<z.output<Answer>> => askService(events, question, input, { timeoutMs: answerWithinMs });

  serve(app, getEvents, ({ query }) => ask(tracker.events, query));
  serve(app, getEvent, ({ params, query }) => ask(tracker.event, { ...query, ...params }));
  serve(app, getWithheld, ({ query }) => ask(tracker.withheld, query));
  serve(app, getRuns, ({ query }) => ask(tracker.runs, query));
  serve(app, getRun, ({ params, query }) => ask(tracker.run, { ...query, ...params }));
  serve(app, getWhy, ({ params, query }) => ask(conductor.why, { ...query, ...params }));
  serve(app, getStory, ({ params, query }) => ask(conductor.unfinished, { ...query, ...params }));
  serve(app, getRequest, ({ params, query }) => ask(conductor.request, { ...query, ...params }));

  serve(app, getLogs, async ({ params: { task }, query, request: { caller } }) => {
    const { handler: name, attempt, stream, from = 0, project } = query;
    // Who has the log does not know who may read it.
    if (caller.projects !== null) await ask(conductor.request, { run: partsOfTask(task).run, project });
    return askService(events, logs, { task, attempt, stream, from }, { name, timeoutMs: logWithinMs });
  });
  serve(app, getHandlers, ({ query }) => ask(conductor.handlers, query));
  serve(app, getAnswered, ({ query }) => ask(tracker.answered, query));
  serve(app, getBindings, ({ query }) => ask(conductor.bindings, query));
  serve(app, postBindings, ({ body }) => ask(conductor.bind, body));
  serve(app, getCapabilities, () => ask(conductor.capabilities, {}));
  serve(app, postCapabilities, ({ body }) => ask(conductor.publish, body));
  for (const [route, question] of [
    [pauseRun, conductor.pause],
    [resumeRun, conductor.resume],
    [abortRun, conductor.abort],
  ] as const)
    serve(app, route, ({ params, query, body }) => ask(question, { ...query, ...body, run: params.ref }));

  serve(app, postProjects, ({ body, request: { caller } }) =>
    ask(projects.apply, { ...body, ...(caller.projects !== null && { only: [...caller.projects] }) }),
  );
  serve(app, getProjects, async ({ request: { caller } }) => {
    const all = await ask(projects.projectList, {});
    return { projects: all.projects.filter(({ project }) => mayTouch(caller, project)) };
  });
  serve(app, getConfiguration, ({ params, query }) => ask(projects.configuration, { ...query, ...params }));
}
