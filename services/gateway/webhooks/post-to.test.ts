import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { postTo, reachTarget, type Posting, type Target } from "./post-to.ts";
import { targetRule } from "./target-address.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listening(answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const rule = targetRule("127.0.0.0/8");
const send = (url: string, more: Partial<Posting> = {}, target: Partial<Target> = {}) =>
  postTo(
    { url, rule, ...target },
    {
      headers: { "x-mine": "yes" },
      body: "{}",
      signal: new AbortController().signal,
      withinMs: 2_000,
      ...more,
    },
  );

test("posts a body with its headers, and reads the answer", async () => {
  const port = await listening((request, response) => {
    response.setHeader(
      "x-saw",
      `${request.method ?? ""} ${String(request.headers["x-mine"])} ${request.headers.host ?? ""}`,
    );
    request.pipe(response.writeHead(201));
  });
  const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
  const answer = await send(`http://tool.example:${port}/hook`, { body: "äöü" }, { resolve });
  expect(answer).toMatchObject({
    status: 201,
    body: "äöü",
    headers: { "x-saw": `POST yes tool.example:${port}` },
  });
});

test("S12: a name that stands for an inner address, or for one of both kinds, is refused before anything is sent", async () => {
  let asked = 0;
  const port = await listening((_, response) => {
    asked += 1;
    response.end();
  });
  const inner = { address: "127.0.0.1", family: 4 };
  for (const found of [[inner], [{ address: "1.1.1.1", family: 4 }, inner]])
    await expect(
      send(`http://rebind.example:${port}/`, {}, { rule: targetRule(), resolve: async () => found }),
    ).rejects.toMatchObject({ code: "E_TARGET_REFUSED" });
  expect(asked).toBe(0);
});

test("S12: a name that changes its address between check and connection goes to the one that was checked", async () => {
  const port = await listening((_, response) => response.end("the first"));
  let looked = 0;
  const resolve = async () => [{ address: (looked += 1) === 1 ? "127.0.0.1" : "127.0.0.2", family: 4 }];
  expect((await send(`http://rebind.example:${port}/`, {}, { resolve })).body).toBe("the first");
  expect(looked).toBe(1);
});

test("S13: an answer that leads elsewhere is an answer, and nobody goes there", async () => {
  let inner = 0;
  const other = await listening((_, response) => {
    inner += 1;
    response.end();
  });
  const port = await listening((_, response) =>
    response.writeHead(307, { location: `http://127.0.0.1:${other}/` }).end(),
  );
  expect((await send(`http://127.0.0.1:${port}/`)).status).toBe(307);
  expect(inner).toBe(0);
});

const hostile: [string, RequestListener, string][] = [
  [
    "ten megabytes of headers",
    (_, response) => response.setHeader("x-large", "a".repeat(10_000_000)).end(),
    "E_TARGET_DOWN",
  ],
  [
    "a body without an end",
    (_, response) => {
      const pour = (): void => {
        while (response.write("a".repeat(16_384)));
      };
      response.on("drain", pour);
      pour();
    },
    "E_TARGET_REFUSED",
  ],
  [
    "a packed bomb",
    (_, response) => {
      response.setHeader("content-encoding", "gzip").end(gzipSync(Buffer.alloc(10_000_000)));
    },
    "E_TARGET_REFUSED",
  ],
  [
    "a body by drops",
    (_, response) => {
      const drops = setInterval(() => response.write("a"), 50);
      response.on("close", () => clearInterval(drops));
    },
    "E_TARGET_DOWN",
  ],
  [
    "announcements without an answer",
    (_, response) => {
      for (let count = 0; count < 50; count += 1) response.writeProcessing();
    },
    "E_TARGET_REFUSED",
  ],
  ["silence", () => undefined, "E_TARGET_DOWN"],
  ["a connection that breaks", (_, response) => void response.destroy(), "E_TARGET_DOWN"],
];

test.each(hostile)("S13: %s ends in time, within its limits", async (_what, answer, code) => {
  const port = await listening(answer);
  await expect(send(`http://127.0.0.1:${port}/`, { withinMs: 500 })).rejects.toMatchObject({ code });
});

test("who is not there is down, and nothing was sent", async () => {
  const port = await listening(() => undefined);
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  await expect(reachTarget({ url: `http://127.0.0.1:${port}/`, rule })).rejects.toMatchObject({
    code: "E_TARGET_DOWN",
  });
  await expect(send(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: "E_TARGET_DOWN" });
});
