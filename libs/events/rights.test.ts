import {
  connect,
  credsAuthenticator,
  PermissionViolationError,
  type NatsConnection,
} from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { shortType } from "@jackfield/spec/event/type";
import types from "@jackfield/spec/types.json" with { type: "json" };
import { guardedNatsForThisFile } from "../../test/bed/rights.ts";
import { openEvents } from "./connection.ts";
import { handlersApi, type Party } from "./rights.ts";

const house = ["conductor", "tracker", "projects", "gateway", "fetch", "split", "train", "evaluate"];
const { nats, credential } = guardedNatsForThisFile({ house });

const service = (name: string): Party => ({ kind: "service", name });
const handler = (project: string, name: string): Party => ({
  kind: "handler",
  project,
  handler: name,
  capabilities: ["train"],
});
const parties: Readonly<Record<string, Party>> = {
  admin: { kind: "admin" },
  ...Object.fromEntries(
    ["conductor", "tracker", "projects", "gateway", "train", "fetch"].map((name) => [name, service(name)]),
  ),
  boost: handler("weather", "boost"),
  "other's boost": handler("sales", "boost"),
  "global boost": handler("*", "boost"),
};

const train = "dev.cdeventsx.jackfield-train";
const readers = ["conductor", "tracker", "projects", "gateway"];
const inServices = ["admin", ...readers];

/** Which users may publish on a subject; who is not named is refused. Written by hand: the table must agree with it. */
const mayPublish: Readonly<Record<string, readonly string[]>> = {
  [`evt.weather.boost.${train}.started.1.0.0`]: ["admin", "gateway", "boost", "global boost"],
  [`evt.weather.boost.${train}.finished.1.0.0`]: ["admin", "gateway", "boost", "global boost"],
  [`evt.sales.boost.${train}.finished.1.0.0`]: ["admin", "gateway", "other's boost", "global boost"],
  [`evt.weather.boost.dev.cdeventsx.jackfield-deploy.finished.1.0.0`]: ["admin", "gateway"],
  [`evt.weather.boost.${train}.triggered.1.0.0`]: ["admin", "conductor"],
  [`evt.weather._.${train}.triggered.1.0.0`]: ["admin", "conductor"],
  [`evt.weather._.${train}.finished.1.0.0`]: ["admin", "conductor"],
  [`evt.weather.command.${train}.finished.1.0.0`]: ["admin", "train"],
  [`evt.weather.command.${train}.triggered.1.0.0`]: ["admin", "conductor"],
  "evt.weather._.dev.cdeventsx.jackfield-run.requested.1.0.0": ["admin", "conductor", "gateway"],
  "evt.weather._.dev.cdeventsx.jackfield-run.finished.1.0.0": ["admin", "conductor"],
  "evt.weather._.dev.cdeventsx.jackfield-config.applied.1.0.0": ["admin", "conductor", "projects"],
  "evt._._.dev.cdeventsx.jackfield-delivery.parked.1.0.0": ["admin", "conductor", "tracker", "projects"],
  "evt._._.dev.cdeventsx.jackfield-incident.detected.1.0.0": ["admin", "conductor", "tracker"],
  "evt.weather._.com.example.pushed": ["admin", "conductor", "gateway"],
  "ctl.lease.weather.boost": ["admin", "gateway", "boost", "global boost"],
  "ctl.lease.sales.boost": ["admin", "gateway", "other's boost", "global boost"],
  "ctl.handler.weather.boost": ["admin", "gateway", "boost"],
  "ctl.handler._.boost": ["admin", "gateway", "global boost"],
  "ctl.handler._.command": ["admin", "gateway", "train"],
  "ctl.conductor.bind": ["admin", "gateway"],
  "ctl.tracker.events": inServices,
  "ctl.logs.command": ["admin", "gateway"],
  "$JS.API.STREAM.INFO.EVENTS": inServices,
  "$JS.API.STREAM.CREATE.EVENTS": ["admin", "tracker"],
  "$JS.API.STREAM.PURGE.EVENTS": ["admin", "tracker"],
  "$JS.API.STREAM.UPDATE.EVENTS": ["admin", "tracker"],
  "$JS.API.STREAM.DELETE.EVENTS": ["admin"],
  "$JS.API.STREAM.MSG.DELETE.EVENTS": ["admin"],
  "$JS.API.STREAM.MSG.GET.EVENTS": ["admin"],
  "$JS.API.STREAM.RESTORE.EVENTS": ["admin"],
  "$JS.API.DIRECT.GET.EVENTS": ["admin"],
  "$JS.API.CONSUMER.CREATE.EVENTS": inServices,
  "$JS.API.CONSUMER.CREATE.EVENTS.weather-boost-train": ["admin", "conductor"],
  "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.weather-boost-train": ["admin", "conductor"],
  "$JS.API.CONSUMER.DELETE.EVENTS.weather-boost-train": ["admin"],
  "$JS.API.CONSUMER.MSG.NEXT.EVENTS._all-command-train": ["admin", "conductor", "tracker", "projects"],
  [`${handlersApi}.CONSUMER.MSG.NEXT.EVENTS.weather-boost-train`]: ["admin", "boost"],
  [`${handlersApi}.CONSUMER.MSG.NEXT.EVENTS.sales-boost-train`]: ["admin", "other's boost"],
  [`${handlersApi}.CONSUMER.MSG.NEXT.EVENTS._all-boost-train`]: ["admin", "global boost"],
  [`${handlersApi}.CONSUMER.MSG.NEXT.EVENTS._all-command-train`]: ["admin", "train"],
  "$JS.ACK.EVENTS.weather-boost-train.1.1.1.1.0": ["admin", "gateway", "boost"],
  "$JS.ACK.EVENTS._all-command-train.1.1.1.1.0": ["admin", "train"],
  "_INBOX_weather-boost.stolen": ["admin"],
  "_INBOX_gateway.answer": ["admin", "conductor", "tracker", "projects"],
  "$SYS.REQ.SERVER.PING": ["admin"],
  "anything.else": ["admin"],
};

const maySubscribe: Readonly<Record<string, readonly string[]>> = {
  "_INBOX_weather-boost.>": ["admin", "boost"],
  "_INBOX_sales-boost.>": ["admin", "other's boost"],
  "_INBOX_conductor.>": ["admin", "conductor"],
  "_INBOX_train.>": ["admin", "train"],
  "_INBOX.>": ["admin"],
  "_INBOX_*.>": ["admin"],
  "evt.>": ["admin"],
  [`evt.weather.boost.${train}.triggered.>`]: ["admin"],
  "ctl.lease.*.*": ["admin", "conductor"],
  "ctl.lease.weather.boost": ["admin", "conductor"],
  "ctl.conductor.*": ["admin", "conductor"],
  "ctl.tracker.*": ["admin", "tracker"],
  "ctl.projects.*": ["admin", "projects"],
  "ctl.logs.command": ["admin", "train"],
  "ctl.>": ["admin"],
  "$JS.>": ["admin"],
  "$SYS.>": ["admin"],
  ">": ["admin"],
};

/** A connection that collects what the server refuses. */
async function refusals(name: string): Promise<{ connection: NatsConnection; refused: Set<string> }> {
  const party = parties[name] ?? { kind: "admin" };
  const authenticator = credsAuthenticator(Buffer.from(credential(party)));
  const connection = await connect({ servers: nats.url, authenticator, noAsyncTraces: true });
  const refused = new Set<string>();
  void (async () => {
    for await (const status of connection.status())
      if (status.type === "error" && status.error instanceof PermissionViolationError)
        refused.add(`${status.error.operation} ${status.error.subject}`);
  })();
  return { connection, refused };
}

test.each(Object.keys(parties))("%s: what it may is let through, and nothing else", async (name) => {
  const { connection, refused } = await refusals(name);
  for (const subject of Object.keys(mayPublish))
    // A question to the API of JetStream is not understood, so that nothing is really done.
    connection.publish(subject, "x");
  for (const subject of Object.keys(maySubscribe))
    connection.subscribe(subject, { callback: () => undefined });
  await connection.flush();
  // The statuses of a connection come a moment after their cause.
  await new Promise((resolve) => setImmediate(resolve));
  const expected = [
    ...Object.entries(mayPublish).flatMap(([subject, users]) =>
      users.includes(name) ? [] : [`publish ${subject}`],
    ),
    ...Object.entries(maySubscribe).flatMap(([subject, users]) =>
      users.includes(name) ? [] : [`subscription ${subject}`],
    ),
  ];
  expect([...refused].sort()).toEqual(expected.sort());
  await connection.close();
});

test("without a credential nobody comes in; a wrong password is a setting to repair, and is not shown", async () => {
  const url = nats.url.replace("//", "//boost:wrong@");
  await expect(openEvents({ url, name: "boost" })).rejects.toMatchObject({
    code: "E_CONFIG",
    message: `NATS at ${nats.url} refuses this user.`,
  });
  await expect(openEvents({ url: nats.url, name: "boost", creds: "no credential" })).rejects.toMatchObject({
    code: "E_CONFIG",
    message: "This is no credential of NATS.",
  });
});

test("a credential of a hundred capabilities is let in", async () => {
  const capabilities = Array.from({ length: 100 }, (_, n) => `c${"x".repeat(n % 20)}`);
  const creds = credential({ kind: "handler", project: "weather", handler: "boost", capabilities });
  await using events = await openEvents({ url: nats.url, name: "boost", creds });
  expect(creds.length).toBeGreaterThan(30_000);
  expect(events.user).toBe("weather-boost");
});

test("a credential that is over is no longer let in", async () => {
  const creds = credential({ kind: "admin" }, { until: new Date(Date.now() - 1_000) });
  await expect(openEvents({ url: nats.url, name: "boost", creds })).rejects.toMatchObject({
    code: "E_CONFIG",
  });
});

test("what only the house says, the gateway cannot say for anybody, whatever types there are", async () => {
  const { connection, refused } = await refusals("gateway");
  for (const type of types) connection.publish(`evt.weather._.${type}`, "x");
  await connection.flush();
  await new Promise((resolve) => setImmediate(resolve));
  const said = types.filter((type) => !refused.has(`publish evt.weather._.${type}`)).map(shortType);
  expect(said.filter((short) => !short.endsWith(".requested"))).toEqual(["code.changed", "data.changed"]);
  await connection.close();
});
