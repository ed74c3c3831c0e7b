import { readFileSync } from "node:fs";
import { z } from "zod";
import { Problem } from "@jackfield/problem/problem";
import type { Environment } from "../address.ts";

/** Where a pipeline's code lies, and what it works on, as the CI tells its jobs. */
export interface Pipeline {
  kind: "github" | "gitlab";
  /** `https://api.github.com`, `https://gitlab.com/api/v4`; without a slash at the end. */
  api: string;
  token: string;
  /** `owner/name` on GitHub, the project's number on GitLab. */
  repository: string;
  sha: string;
  /** The number of the pull or merge request; absent outside of one. */
  change?: string;
  /** What this pipeline is called: another one has comments of its own. */
  name: string;
  /** The page of this job. */
  url?: string;
}

/** What of GitHub's event file is read. */
const githubEvent = z.object({
  pull_request: z.object({ number: z.int(), head: z.object({ sha: z.string() }) }).optional(),
});

/** @throws Problem E_USAGE that names the variable which is missing. */
export function pipelineOf(environment: Environment): Pipeline {
  if (said(environment, "GITHUB_REPOSITORY") !== undefined) return githubPipeline(environment);
  if (said(environment, "CI_API_V4_URL") !== undefined) return gitlabPipeline(environment);
  throw new Problem("E_USAGE", "This is no pipeline of GitHub or GitLab", {
    why: "neither GITHUB_REPOSITORY nor CI_API_V4_URL is set",
    next: "leave out --comment and --status; --summary FILE and --junit FILE work everywhere",
  });
}

function githubPipeline(environment: Environment): Pipeline {
  const repository = needed(environment, "GITHUB_REPOSITORY");
  const { pull_request: change } = githubEventIn(said(environment, "GITHUB_EVENT_PATH"));
  const number =
    change?.number.toString() ?? /^refs\/pull\/(\d+)\//.exec(environment["GITHUB_REF"] ?? "")?.[1];
  const server = said(environment, "GITHUB_SERVER_URL");
  const run = said(environment, "GITHUB_RUN_ID");
  return {
    kind: "github",
    api: (said(environment, "GITHUB_API_URL") ?? "https://api.github.com").replace(/\/$/, ""),
    token: needed(environment, "GITHUB_TOKEN", "env: { GITHUB_TOKEN: ${{ github.token }} }"),
    repository,
    // A pull request is tested as it would be merged; people look at its head.
    sha: change?.head.sha ?? needed(environment, "GITHUB_SHA"),
    name: [said(environment, "GITHUB_WORKFLOW"), said(environment, "GITHUB_JOB")].join("/"),
    ...(number !== undefined && { change: number }),
    ...(server !== undefined && run !== undefined && { url: `${server}/${repository}/actions/runs/${run}` }),
  };
}

function githubEventIn(path: string | undefined): z.output<typeof githubEvent> {
  if (path === undefined) return {};
  try {
    return githubEvent.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    throw new Problem("E_USAGE", `GITHUB_EVENT_PATH ${path} holds no event of GitHub`, { cause });
  }
}

function gitlabPipeline(environment: Environment): Pipeline {
  const change = said(environment, "CI_MERGE_REQUEST_IID");
  const url = said(environment, "CI_JOB_URL");
  return {
    kind: "gitlab",
    api: needed(environment, "CI_API_V4_URL").replace(/\/$/, ""),
    token: needed(environment, "GITLAB_TOKEN", "a project access token with scope api; CI_JOB_TOKEN may not"),
    repository: needed(environment, "CI_PROJECT_ID"),
    sha: said(environment, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") ?? needed(environment, "CI_COMMIT_SHA"),
    name: said(environment, "CI_JOB_NAME") ?? "",
    ...(change !== undefined && { change }),
    ...(url !== undefined && { url }),
  };
}

/** GitLab sets some variables to an empty text. */
function said(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === "" ? undefined : value;
}

function needed(environment: Environment, name: string, next?: string): string {
  const value = said(environment, name);
  if (value !== undefined) return value;
  throw new Problem("E_USAGE", `${name} is not set`, {
    why: "--comment and --status speak to GitHub or GitLab for this job",
    ...(next !== undefined && { next }),
  });
}
