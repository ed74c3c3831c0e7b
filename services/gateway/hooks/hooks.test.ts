import { createHmac } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../../test/bed/servers.ts";
import { officialSchemas, skipWithout } from "../../../test/bed/official.ts";
import { openBed, type Bed } from "../fixture/bed.ts";
import { fromGithub } from "./github.ts";
import { fromGitlab } from "./gitlab.ts";
import { isFromGitlab } from "./signature.ts";

const nats = natsForThisFile();
const secrets = {
  github: "a secret of the story",
  gitlab: `whsec_${Buffer.alloc(32, 7).toString("base64")}`,
};
let folder: string;
let bed: Bed;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-hooks-"));
  const file = join(folder, "hooks.json");
  await writeFile(file, JSON.stringify({ projects: { weather: secrets } }));
  const environment = { JACKFIELD_TOKEN: "the-administrator-of-the-story", JACKFIELD_HOOKS: file };
  bed = await openBed({ natsUrl: nats.url, freshDatabase, prefix: prefix(), environment });
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const none = "0".repeat(40);
const [old, fresh] = ["1".repeat(40), "2".repeat(40)];
const repository = { full_name: "octo/weather", html_url: "https://github.com/octo/weather" };
const project = { path_with_namespace: "octo/weather", web_url: "https://gitlab.com/octo/weather" };
const about = { id: "github-1", project: "weather", time: "2026-11-21T09:00:00Z" };
const pull = (action: string, merged = false) => ({
  action,
  number: 7,
  pull_request: { merged },
  repository,
});
const merge = (action: string) => ({ object_attributes: { iid: 7, action }, project });
const push = (ref: string, before: string, after: string) => ({ ref, before, after, repository, project });
const release = { id: 1, tag_name: "v1", html_url: "https://github.com/octo/weather/releases/v1" };

test.each<[string, typeof fromGithub, string, object, string[]]>([
  ["a push", fromGithub, "push", push("refs/heads/main", old, fresh), ["code.changed"]],
  ["a new branch", fromGithub, "push", push("refs/heads/a", none, fresh), ["branch.created", "code.changed"]],
  ["a branch that is gone", fromGithub, "push", push("refs/heads/a", old, none), ["branch.deleted"]],
  ["a tag", fromGithub, "push", push("refs/tags/v1", none, fresh), ["code.changed"]],
  ["a pull request", fromGithub, "pull_request", pull("opened"), ["change.created"]],
  ["more code for it", fromGithub, "pull_request", pull("synchronize"), ["change.updated"]],
  ["a merge", fromGithub, "pull_request", pull("closed", true), ["change.merged"]],
  ["one that was closed", fromGithub, "pull_request", pull("closed"), ["change.abandoned"]],
  ["a label", fromGithub, "pull_request", pull("labeled"), []],
  ["a release", fromGithub, "release", { action: "published", release, repository }, ["release.published"]],
  ["a ping", fromGithub, "ping", { zen: "Design for failure." }, []],
  ["a push", fromGitlab, "Push Hook", push("refs/heads/main", old, fresh), ["code.changed"]],
  ["a tag", fromGitlab, "Tag Push Hook", push("refs/tags/v1", none, fresh), ["code.changed"]],
  ["a merge", fromGitlab, "Merge Request Hook", merge("merge"), ["change.merged"]],
  [
    "a release",
    fromGitlab,
    "Release Hook",
    { action: "create", tag: "v1", url: project.web_url, project },
    ["release.create"],
  ],
])("%s, told by %o, says what happened", (...[, read, kind, body, said]) => {
  const events = read(kind, body, about);
  const names = events.map(
    ({ type }) => /(?:jackfield-|cdevents\.|git(?:hub|lab)\.)([a-z]+\.[a-z]+)/.exec(type)?.[1],
  );
  expect(names).toEqual(said);
  for (const { id, project: of } of events)
    expect([id.startsWith("github-1/"), of]).toEqual([true, "weather"]);
});

test("the code that changed is named by repository, ref and commit", () => {
  const [event] = fromGithub("push", push("refs/heads/main", old, fresh), about);
  const data = { repository: "octo/weather", ref: "refs/heads/main", branch: "main", commit: fresh };
  expect(event).toMatchObject({ source: repository.html_url, data });
});

test("standard facts are valid against the official schemas", (context) => {
  skipWithout("cdevents-0.5.1")(context);
  const check = officialSchemas("cdevents-0.5.1");
  const said = [pull("opened"), pull("synchronize"), pull("closed", true), pull("closed")].flatMap((body) =>
    fromGithub("pull_request", body, about),
  );
  const branches = [push("refs/heads/a", none, fresh), push("refs/heads/a", old, none)].flatMap((body) =>
    fromGithub("push", body, about).filter(({ type }) => type.startsWith("dev.cdevents.")),
  );
  expect([...said, ...branches]).toHaveLength(6);
  for (const { type, data } of [...said, ...branches]) {
    const name = type.split(".").slice(2, 4).join("-");
    expect(check(`https://cdevents.dev/0.5.1/schema/${name}-event`, data)).toBeUndefined();
  }
});

const deliver = (
  signature: string,
  body: string,
  delivery = "72d3162e-cc78-11e3-81ab-4c9367dc0958",
  to = "weather",
) =>
  bed.call(`/v1/hooks/github/${to}`, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "x-github-event": "push",
      "x-github-delivery": delivery,
      "x-hub-signature-256": signature,
    },
  });
const signed = (body: string, secret = secrets.github): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;

test("a delivery of GitHub is taken once, however often it comes, and only with the right signature", async () => {
  const body = JSON.stringify(push("refs/heads/main", old, fresh));
  const first = await deliver(signed(body), body);
  expect(first).toMatchObject({ status: 202, body: { events: [{ duplicate: false }] } });
  expect(await deliver(signed(body), body)).toMatchObject({
    status: 202,
    body: { events: [{ duplicate: true }] },
  });
  expect((await deliver(signed(body, "another secret here"), body)).status).toBe(401);
  expect((await deliver(signed(body), body.replace("main", "evil"))).status).toBe(401);
  expect((await deliver("", body)).status).toBe(401);
  expect((await deliver(signed(body), body, undefined, "airports")).status).toBe(401);
  expect((await deliver(signed(body), body, "a/../b")).status).toBe(422);
});

test("GitLab's signature is the one of Standard Webhooks, and its older secret is compared whole", () => {
  const body = Buffer.from("{}");
  const now = 1_700_000_000;
  const sign = (time: number): string =>
    `v1,${createHmac("sha256", Buffer.alloc(32, 7)).update(`id-1.${time}.{}`).digest("base64")}`;
  const said = (signature: string, time = now) => ({
    "webhook-id": "id-1",
    "webhook-timestamp": String(time),
    "webhook-signature": signature,
  });
  const is = (headers: Record<string, string>, secret = secrets.gitlab) =>
    isFromGitlab(secret, headers, body, now);
  expect(is(said(`v1,AAAA ${sign(now)}`))).toBe(true);
  expect(is(said(sign(now - 301), now - 301))).toBe(false);
  expect(is(said(sign(now).replace("v1", "v0")))).toBe(false);
  expect(is(said(`${"v1,AAAA ".repeat(10_000)}${sign(now)}`))).toBe(false);
  expect(is({ "x-gitlab-token": secrets.gitlab })).toBe(false);
  expect(is({ "x-gitlab-token": "an older secret" }, "an older secret")).toBe(true);
  expect(is({ "x-gitlab-token": "an older secre" }, "an older secret")).toBe(false);
});
