import { z } from "zod";
import { positionText } from "../event/position.ts";
import * as conductor from "../ask/conductor.ts";
import { asOf } from "../ask/question.ts";
import * as tracker from "../ask/tracker.ts";
import { countText, route } from "./route.ts";

const ref = z.object({ ref: z.string() });
const inProject = z.object({ project: z.string().optional() });
const reason = z.object({ reason: z.string().max(1_000).optional(), by: z.string().max(200).optional() });

export const getRuns = route("GET", "/v1/runs", {
  summary: "Runs, newest first",
  scope: "read",
  query: z.object({
    project: z.string().optional(),
    subproject: z.string().optional(),
    filter: z.string().optional(),
    cursor: z.string().optional(),
    limit: countText.optional(),
    after: positionText.optional(),
    at: asOf,
  }),
  answer: tracker.runs.answer,
});

export const getRun = route("GET", "/v1/runs/:ref", {
  summary: "One run as a tree: tasks, attempts, outputs",
  scope: "read",
  params: ref,
  query: inProject.extend({ after: positionText.optional(), at: asOf }),
  answer: tracker.run.answer,
});

const steer = (verb: "pause" | "resume" | "abort", summary: string) =>
  route("POST", `/v1/runs/:ref/${verb}`, {
    summary,
    scope: "operate",
    params: ref,
    query: inProject,
    body: reason,
    answer: conductor[verb].answer,
  });

export const pauseRun = steer("pause", "Trigger nothing new in a run");
export const resumeRun = steer("resume", "Go on with a paused run");
export const abortRun = steer("abort", "End a run; handlers at work are told");

export const getWhy = route("GET", "/v1/why/:ref", {
  summary: "Why a run, a task or an event is as it is, and what to do",
  scope: "read",
  params: ref,
  query: inProject,
  answer: conductor.why.answer,
});

export const getStory = route("GET", "/v1/stories/:correlationid", {
  scope: "read",
  summary: "Which runs of a story are not over",
  within: "answer",
  params: z.object({ correlationid: z.string() }),
  query: z.object({ after: positionText }),
  answer: conductor.unfinished.answer,
});

export const getRequest = route("GET", "/v1/requests/:run", {
  summary: "What a run asked for, to ask for it again",
  scope: "read",
  params: z.object({ run: z.string() }),
  query: inProject,
  answer: conductor.request.answer,
});
