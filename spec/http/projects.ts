import { z } from "zod";
import * as projects from "../ask/projects.ts";
import { scopeName } from "../event/names.ts";
import { route } from "./route.ts";

export const postProjects = route("POST", "/v1/projects", {
  summary: "Apply a project file as one version, or say what that would change",
  scope: "operate",
  within: "answer",
  body: projects.apply.input,
  answer: projects.apply.answer,
});

export const getProjects = route("GET", "/v1/projects", {
  summary: "Projects with their subprojects",
  scope: "read",
  within: "answer",
  answer: projects.projectList.answer,
});

export const getConfiguration = route("GET", "/v1/projects/:project/configuration", {
  summary: "The long form in force, with the origin of every value",
  scope: "read",
  params: z.object({ project: scopeName }),
  query: z.object({ version: z.coerce.number().int().min(1).optional() }),
  answer: projects.configuration.answer,
});
