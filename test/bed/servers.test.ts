import pg from "pg";
import { expect, test } from "vitest";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { freshDatabase, natsForThisFile, prefix } from "./servers.ts";
import { until } from "./until.ts";

const nats = natsForThisFile();

const rows = async (url: string, statement: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
};

test("an acknowledged message survives kill -9 of the server, on the same port", async () => {
  const name = prefix();
  const before = await connect({ servers: nats.url });
  await (await jetstreamManager(before)).streams.add({ name, subjects: [`${name}.>`] });
  await jetstream(before).publish(`${name}.kept`, "yes");
  await nats.kill();
  await before.close();
  await nats.restart();
  const after = await connect({ servers: nats.url });
  const message = await (await jetstreamManager(after)).streams.getMessage(name, { seq: 1 });
  await after.close();
  expect(message?.string()).toBe("yes");
});

test("each database is a clone of its template, and a change in one is not seen in the other", async () => {
  let times = 0;
  const template = {
    name: prefix(),
    prepare: async (url: string): Promise<void> => {
      times += 1;
      await rows(url, "create table kept as select 1 as n");
    },
  };
  await using one = await freshDatabase(template);
  await using other = await freshDatabase(template);
  await rows(one.url, "update kept set n = 2");
  expect(await rows(other.url, "select n from kept")).toEqual([{ n: 1 }]);
  expect(times).toBe(1);
});

test("a wait that is in vain says what it waited for and what the last try met", async () => {
  const waiting = until("the moon", () => Promise.reject(new Error("clouds")), { withinMs: 20 });
  await expect(waiting).rejects.toThrow("waited 20 ms for the moon (the last try: clouds)");
});
