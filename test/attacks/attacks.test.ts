// The list of reliability.md §B1 against a whole Jackfield that asks for tokens. What is not here is in the README.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import openApi from "@jackfield/spec/openapi.json" with { type: "json" };
import { overHttp } from "./over-http.ts";
import { throughTheDoor } from "./through-the-door.ts";
import { openWorld, type World } from "./world.ts";

let folder: string;
let world: World;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-attacks-"));
  world = await openWorld(folder);
}, 180_000);
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test.each([...throughTheDoor, ...overHttp])("%s %s", async (_id, _name, strike) => {
  await strike(world);
});

interface Operation {
  "x-scope"?: string;
}

const routes = Object.entries(openApi.paths as unknown as Record<string, Record<string, Operation>>).flatMap(
  ([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{[a-z]+\}/g, "x"),
      scope: operation["x-scope"],
    })),
);
const guarded = [...routes, { method: "GET", path: "/metrics", scope: "read" }].filter(
  ({ scope }) => scope !== "public" && scope !== "signed",
);

/** Each with what it may be answered. */
const strangers: [string, (path: string) => { path?: string; authorization?: string }][] = [
  ["no token", () => ({})],
  ["an empty one", () => ({ authorization: "Bearer " })],
  ["another scheme", () => ({ authorization: `Basic ${world.tokens.weather}` })],
  ["a good one in the query", (path) => ({ path: `${path}?token=${world.adminToken}` })],
  ["one that has ended", () => ({ authorization: `Bearer ${world.tokens.ended}` })],
  ["one that was taken back", () => ({ authorization: `Bearer ${world.tokens.revoked}` })],
  ["one that nobody made", () => ({ authorization: `Bearer jf_${"A".repeat(43)}` })],
];

describe("S27 on every route", () => {
  test("there are routes, and each says whom it lets in", () => {
    expect(routes.length).toBeGreaterThan(30);
    expect(routes.filter(({ scope }) => scope === undefined)).toEqual([]);
  });

  test.each(strangers)("%s lets nobody in", async (_what, said) => {
    const open: string[] = [];
    for (const { method, path } of guarded) {
      const { path: asked = path, authorization } = said(path);
      const headers = authorization === undefined ? {} : { authorization };
      const { status } = await world.strike({ method, path: asked, headers });
      // 429: who tries tokens is slowed down, which lets nobody in either.
      if (status !== 401 && status !== 429) open.push(`${method} ${asked}: ${status}`);
    }
    expect(open).toEqual([]);
  });

  test("a token whose scope is too small lets nobody in", async () => {
    const open: string[] = [];
    for (const { method, path, scope } of guarded) {
      if (scope === "read" || scope === "token") continue;
      const headers = { authorization: `Bearer ${world.tokens.reader}` };
      const { status } = await world.strike({ method, path, headers });
      if (status !== 403) open.push(`${method} ${path}: ${status}`);
    }
    expect(open).toEqual([]);
  });

  test("what is open to everybody is a short list", () => {
    const open = routes.filter(({ scope }) => scope === "public" || scope === "signed");
    expect(open.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      "POST /v1/hooks/github/x",
      "POST /v1/hooks/gitlab/x",
      "POST /v1/oidc/exchange",
    ]);
  });
});
