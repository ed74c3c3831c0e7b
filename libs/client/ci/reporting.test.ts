import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openLocalHost, type HostAnswer, type HostCalled } from "../fixture/code-host.ts";
import { mixedReport } from "../fixture/tree.ts";
import { createOutput } from "../output.ts";
import { Reporting } from "./reporting.ts";
import { markerOf } from "./write-comment.ts";

/** Begins and ends the story of a job with these variables; answers with what was said to the person. */
async function tell(
  flags: readonly string[],
  env: Record<string, string>,
  told = mixedReport(),
): Promise<string> {
  let said = "";
  const out = createOutput({
    stdout: { write: () => undefined },
    stderr: { write: (text) => (said += text.toString()) },
    json: undefined,
    noColour: true,
  });
  const flagsOf = { on: (name: string) => flags.includes(name), text: () => undefined, texts: () => [] };
  const call = { flags: flagsOf, out, folder: ".", environment: env };
  const reporting = new Reporting(call, told.event);
  await reporting.begin();
  await reporting.end(told);
  return said;
}

const marker = markerOf("weather", "CI/train");
const githubJob = (api: string): Record<string, string> => ({
  GITHUB_API_URL: api,
  GITHUB_REPOSITORY: "acme/weather",
  GITHUB_TOKEN: "secret",
  GITHUB_SHA: "merge",
  GITHUB_WORKFLOW: "CI",
  GITHUB_JOB: "train",
  GITHUB_SERVER_URL: "https://github.com",
  GITHUB_RUN_ID: "7",
});

async function pullRequest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-ci-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "event.json");
  await writeFile(path, JSON.stringify({ pull_request: { number: 12, head: { sha: "head" } } }));
  return path;
}

const stranger = {
  id: 5,
  body: `${marker}\nmine!`,
  user: { type: "User" },
  author_association: "CONTRIBUTOR",
};
const others = Array.from({ length: 99 }, (_, n) => ({ ...stranger, id: 100 + n, body: "nice" }));
const ours = { id: 7, body: `${marker}\nold`, user: { type: "Bot" }, author_association: "NONE" };

test("GitHub: pending, then one comment is found on the second page and updated, then the verdict", async () => {
  await using host = await openLocalHost(({ asked }): HostAnswer => {
    if (asked.includes("&page=1")) return { json: [stranger, ...others] };
    return { json: asked.includes("&page=2") ? [ours] : {} };
  });
  const said = await tell(["comment", "status"], {
    ...githubJob(host.url),
    GITHUB_EVENT_PATH: await pullRequest(),
  });
  expect(said).toBe("");
  const status = {
    context: "jackfield/weather",
    target_url: "https://github.com/acme/weather/actions/runs/7",
  };
  const comments = "/repos/acme/weather/issues/12/comments?per_page=100&page=";
  expect(host.calls.map(({ asked, body }) => ({ asked, body }))).toEqual([
    {
      asked: "POST /repos/acme/weather/statuses/head",
      body: { ...status, state: "pending", description: "com.example.pushed was sent" },
    },
    { asked: `GET ${comments}1`, body: undefined },
    { asked: `GET ${comments}2`, body: undefined },
    {
      asked: "PATCH /repos/acme/weather/issues/comments/7",
      body: { body: expect.stringMatching(new RegExp(`^${marker}\n### ❌ could not run`)) as unknown },
    },
    {
      asked: "POST /repos/acme/weather/statuses/head",
      body: { ...status, state: "error", description: "could not run: 1 of 2 runs passed" },
    },
  ]);
  expect(new Set(host.calls.map(({ token }) => token))).toEqual(new Set(["Bearer secret"]));
  expect(host.calls[0]?.headers).toMatchObject({
    "x-github-api-version": "2022-11-28",
    "user-agent": "jackfield",
  });
});

test("GitHub: a first comment is made, what looks like ours of a stranger is left alone; outside of one nothing", async () => {
  await using host = await openLocalHost(({ asked }) => ({
    json: asked.startsWith("GET") ? [stranger] : {},
  }));
  await tell(
    ["comment"],
    { ...githubJob(host.url), GITHUB_REF: "refs/pull/3/merge" },
    mixedReport({ exit: 0 }),
  );
  expect(host.calls.map(({ asked }) => asked.split("?")[0])).toEqual([
    "GET /repos/acme/weather/issues/3/comments",
    "POST /repos/acme/weather/issues/3/comments",
  ]);
  expect(await tell(["comment"], githubJob(host.url))).toContain("belongs to no pull or merge request");
  expect(host.calls).toHaveLength(2);
});

const gitlabJob = (api: string): Record<string, string> => ({
  CI_API_V4_URL: `${api}/api/v4`,
  CI_PROJECT_ID: "42",
  CI_MERGE_REQUEST_IID: "8",
  CI_COMMIT_SHA: "merged",
  CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: "head",
  CI_JOB_NAME: "train",
  CI_JOB_URL: "https://gitlab.example/job/1",
  GITLAB_TOKEN: "secret",
});

test("GitLab: the same, by its own paths, header and words; what is pending already may stay so", async () => {
  const note = { id: 9, body: `${markerOf("weather", "train")}\nold`, author: { id: 1 } };
  const answer = ({ asked, body }: HostCalled): HostAnswer => {
    if (asked.endsWith("/user")) return { json: { id: 1 } };
    if (asked.includes("&page=1"))
      return { json: [{ ...note, id: 4, author: { id: 2 } }], headers: { "x-next-page": "2" } };
    if (asked.includes("&page=2")) return { json: [note], headers: { "x-next-page": "" } };
    const isPending = JSON.stringify(body).includes("pending");
    return isPending
      ? { status: 400, json: { message: "Cannot transition status via :enqueue" } }
      : { json: {} };
  };
  await using host = await openLocalHost(answer);
  expect(await tell(["comment", "status"], gitlabJob(host.url), mixedReport({ exit: 5 }))).toBe("");
  const notes = "/api/v4/projects/42/merge_requests/8/notes";
  expect(host.calls.map(({ asked }) => asked)).toEqual([
    "POST /api/v4/projects/42/statuses/head",
    "GET /api/v4/user",
    `GET ${notes}?per_page=100&page=1&sort=asc&order_by=created_at`,
    `GET ${notes}?per_page=100&page=2&sort=asc&order_by=created_at`,
    `PUT ${notes}/9`,
    "POST /api/v4/projects/42/statuses/head",
  ]);
  expect(host.calls.at(-1)).toMatchObject({
    token: "secret",
    body: { state: "failed", name: "jackfield/weather", target_url: "https://gitlab.example/job/1" },
  });
});

test("what the host refuses is told and changes nothing; what the job lacks is told before anything is sent", async () => {
  await using host = await openLocalHost(() => ({
    status: 403,
    json: { message: "Resource not accessible" },
  }));
  const said = await tell(["comment", "status"], gitlabJob(host.url));
  expect(said).toMatch(
    /--status did not work: POST .* 403\n.*Resource not accessible[^]*--comment did not work/,
  );
  expect(said).not.toContain("secret");
  await expect(tell(["status"], {})).rejects.toThrow("no pipeline of GitHub or GitLab");
  await expect(tell(["status"], { ...gitlabJob(host.url), GITLAB_TOKEN: "" })).rejects.toThrow(
    "GITLAB_TOKEN is not set",
  );
});
