import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { expect } from "vitest";
import { withClient } from "@jackfield/postgres/client";
import { jsonBody, type Attack, type World } from "./world.ts";

const digest = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const event = (more: object) =>
  jsonBody("/v1/events", { type: "com.example.x", project: "weather", source: "/x", ...more });

const statusOf = async (world: World, more: object): Promise<number> =>
  (await world.asWeather(event(more))).status;

/** Taken under an encoded subject, or refused; never an error, and never another project's. */
const subjectOf = (name: string, more: object, statuses: number[]): Attack => [
  "S21",
  name,
  async (world) => expect(statuses).toContain(await statusOf(world, more)),
];

const traversals = [
  "../../../../etc/passwd",
  "..%2f..%2f..%2fetc%2fpasswd",
  "%252e%252e%252fetc%252fpasswd",
  "..%5c..%5cetc%5cpasswd",
  "%c0%ae%c0%ae%c0%afetc%c0%afpasswd",
  "sha256:..%2f..%2fetc%2fpasswd",
  `sha256:${"a".repeat(63)}%00`,
  "a%2f.%2f..%2f..%2fetc%2fpasswd",
];

export const throughTheDoor: Attack[] = [
  ...traversals.flatMap((path): Attack[] =>
    ["GET", "PUT"].map((method): Attack => [
      "S2",
      `${method} of the artifact ${path}`,
      async ({ strike, adminToken }) => {
        const headers = { authorization: `Bearer ${adminToken}` };
        const { status, body } = await strike({
          method,
          path: `/v1/artifacts/${path}?project=weather`,
          headers,
          ...(method === "PUT" && { body: "x" }),
        });
        expect([400, 404, 422]).toContain(status);
        expect(body).not.toContain("root:");
      },
    ]),
  ),
  [
    "S7",
    "other bytes under the digest of an artifact that is there",
    async ({ asWeather }) => {
      const path = `/v1/artifacts/${digest("mine")}`;
      const put = (body: string) =>
        asWeather({ method: "PUT", path, body, headers: { "content-type": "text/plain" } });
      expect((await put("theirs")).status).toBe(422);
      expect((await put("mine")).status).toBe(201);
      expect((await asWeather({ method: "DELETE", path })).status).toBe(405);
    },
  ],
  [
    "S7",
    "an artifact of another project, whose digest is known",
    async ({ asWeather, strike, adminToken }) => {
      const path = `/v1/artifacts/${digest("secret of airports")}`;
      const headers = { authorization: `Bearer ${adminToken}` };
      expect((await strike({ method: "PUT", path, body: "secret of airports", headers })).status).toBe(201);
      expect((await asWeather({ path })).status).toBe(404);
      expect((await asWeather({ path: `${path}?project=airports` })).status).toBe(403);
    },
  ],
  subjectOf("a type with wildcards", { type: "com.*.>" }, [202, 400]),
  subjectOf("a type that is a subject of the server", { type: "$JS.API.STREAM.DELETE.EVENTS" }, [202, 400]),
  subjectOf("a type with a blank and a new line", { type: "a b\r\nPUB x 0" }, [400]),
  subjectOf("a type of 10 kB", { type: "a.".repeat(5_000) }, [202, 400]),
  subjectOf("a project with wildcards", { project: "*" }, [400, 403]),
  subjectOf("an id with NUL", { id: "a\u0000b" }, [400]),
  subjectOf("an id with a new line", { id: "a\nb" }, [400]),
  subjectOf("a subject of 10 kB", { subject: "_INBOX.".repeat(1_500) }, [202, 400]),
  subjectOf("a type of look-alikes", { type: "dev.cdeventsх.jackfield-train.finished.1.0.0" }, [202]),
  [
    "S22",
    "headers that the stream would obey",
    async ({ asWeather, strike, adminToken }) => {
      const headers = {
        "content-type": "application/json",
        "nats-rollup": "all",
        "nats-msg-id": "same",
        "nats-expected-last-sequence": "1",
        "nats-ttl": "1s",
      };
      for (const id of ["rolled-1", "rolled-2"]) {
        const got = await asWeather({ ...event({ id }), headers });
        expect([got.status, JSON.parse(got.body)]).toMatchObject([202, { id, duplicate: false }]);
      }
      const list = await strike({
        path: "/v1/events?limit=500&order=newest",
        headers: { authorization: `Bearer ${adminToken}` },
      });
      expect(list.body).toContain("rolled-1");
    },
  ],
  [
    "S25",
    "an event of another project",
    async (world) => expect(await statusOf(world, { project: "airports" })).toBe(403),
  ],
  [
    "S25",
    "an event of no project",
    async (world) =>
      expect((await world.asWeather(jsonBody("/v1/events", { type: "com.example.x" }))).status).toBe(403),
  ],
  [
    "S25",
    "a source of Jackfield's own",
    async (world) => expect(await statusOf(world, { source: "/jackfield/conductor" })).toBe(403),
  ],
  [
    "S25",
    "a finished that nobody asked for",
    async (world) => expect(await statusOf(world, { type: "train.finished" })).toBe(403),
  ],
  [
    "S25",
    "the answer to somebody else's task, with a token that was made up",
    async ({ asWeather }) => {
      const said = jsonBody("/v1/tasks/run%2Ftrain/finished", { token: "eyJ9.x", status: "succeeded" });
      expect((await asWeather(said)).status).toBe(403);
    },
  ],
  [
    "S25",
    "a run of another project, named in the ref, the query, or both",
    async ({ asWeather }) => {
      for (const path of [
        "/v1/runs/airports%3Ax-1",
        "/v1/runs/x-1?project=airports",
        "/v1/runs/airports%3Ax-1?project=weather",
        "/v1/why/airports%3Ax-1?project=weather",
      ])
        expect((await asWeather({ path })).status, path).toBe(403);
    },
  ],
  [
    "S37",
    "an artifact that would run as a page",
    async ({ asWeather, strike, adminToken }) => {
      const page = "<script>alert(1)</script>";
      const path = `/v1/artifacts/${digest(page)}`;
      await asWeather({ method: "PUT", path, body: page, headers: { "content-type": "text/html" } });
      const data = { model: { digest: digest(page), size: page.length, mediaType: "text/html" } };
      const told = JSON.parse((await asWeather(event({ id: "page", data }))).body) as { position: string };
      const got = await strike({
        path: `${path}?project=weather&after=${told.position}`,
        headers: { authorization: `Bearer ${adminToken}` },
      });
      expect(got).toMatchObject({
        status: 200,
        headers: {
          "x-content-type-options": "nosniff",
          "content-security-policy": "default-src 'none'; sandbox",
        },
      });
      expect(got.headers["content-disposition"]).toMatch(/^attachment/);
    },
  ],
  [
    "S43",
    "who reads the table of tokens has none",
    async ({ up, canaries }) => {
      const url = up.run.postgres?.url ?? "";
      const rows = await withClient({ url, schema: "gateway", applicationName: "thief" }, async (client) =>
        (await client.query<{ row: string }>("select row_to_json(tokens)::text as row from tokens")).rows
          .map(({ row }) => row)
          .join("\n"),
      );
      expect(rows).toContain("weather");
      for (const canary of canaries) expect(rows).not.toContain(canary);
    },
  ],
  [
    "S24",
    "a door of the event server that nobody uses",
    async ({ up }) => {
      const folder = up.run.nats?.folder ?? "";
      const files = (await readdir(folder)).filter((name) => name.endsWith(".conf"));
      expect(files.length).toBeGreaterThan(0);
      for (const name of files) {
        const config = await readFile(join(folder, name), "utf8");
        expect(config).not.toMatch(
          /^\s*(websocket|mqtt|leafnodes|gateway|cluster|no_auth_user|https?_port|monitor_port|https?)\b/m,
        );
        expect(config).toMatch(/127\.0\.0\.1/);
      }
    },
  ],
  [
    "S48",
    "secrets on disk that others of this machine may read",
    async ({ up }) => {
      const home = join(up.run.logs ?? "", "..");
      const open: string[] = [];
      for (const name of ["gateway-secret", "run.json", up.run.nats?.creds ?? ""]) {
        const { mode } = await stat(name.startsWith("/") ? name : join(home, name));
        if ((mode & 0o077) !== 0) open.push(`${name} ${(mode & 0o777).toString(8)}`);
      }
      expect(open).toEqual([]);
    },
  ],
  [
    "S15",
    "a token that a log repeats, also one that was sent as a query",
    async ({ up, canaries, strike, tokens }) => {
      await strike({ path: `/v1/runs?token=${tokens.weather}` });
      const logs = up.run.logs ?? "";
      const names = (await readdir(logs)).filter((name) => name.endsWith(".log"));
      expect(names.length).toBeGreaterThan(3);
      for (const name of names) {
        const text = await readFile(join(logs, name), "utf8");
        for (const canary of canaries) expect(text.includes(canary), name).toBe(false);
      }
    },
  ],
];
