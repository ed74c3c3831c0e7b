import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openStage } from "../../libs/client/conformance/open-stage.ts";
import { testHandler, type Checked } from "../../libs/client/conformance/suite.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { PATH } = process.env;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function reportOn(fault: string, only?: string[]): Promise<Checked[]> {
  const port = await freePort();
  const argv = [process.execPath, file("handlers/webhook.mjs"), String(port), fault];
  const url = `http://127.0.0.1:${port}/`;
  const parts = { capability: "train", door: "webhook", url, folder: file("."), jackfield: [] } as const;
  await using stage = await openStage({ ...parts, argv, environment: { PATH } });
  return await testHandler(stage, only === undefined ? {} : { only });
}

test("a good webhook passes, with no code of ours", async () => {
  const failed = (await reportOn("")).filter(({ outcome }) => outcome === "fail");
  expect(failed.map(({ name }) => name)).toEqual([]);
}, 90_000);

test(
  "a webhook that trusts everybody is caught, whatever is wrong with the signature",
  { timeout: 60_000 },
  async () => {
    const report = await reportOn("trusting", [
      "refuses unsigned",
      "refuses tampered",
      "refuses old",
      "refuses stranger",
    ]);
    expect(report.map(({ outcome, why }) => [outcome, why])).toEqual(
      report.map(() => ["fail", "it answered 200"]),
    );
    expect(report).toHaveLength(4);
  },
);
