import { DeliverPolicy, jetstream, type JsMsg } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import pg from "pg";

/**
 * The bare loop that the tracker is compared with: an ordered consumer, and one statement for whatever has arrived, which
 * inserts the events and moves the position. The table has the columns and indexes of the tracker's log, without the
 * digest. Nothing is checked, nothing projected.
 *
 * node bare-tracker.mjs <nats url> <stream> <postgres url>
 */
const [natsUrl = "", stream = "", postgresUrl = ""] = process.argv.slice(2);
const table = `
  create table position (sequence bigint not null);
  insert into position values (0);
  create table events (
    epoch bigint not null, sequence bigint not null, at timestamptz not null,
    id text collate "C" not null, source text collate "C" not null, type text collate "C" not null,
    project text collate "C" not null, subject text collate "C", run text collate "C",
    correlationid text collate "C", causationid text collate "C", body text not null,
    primary key (epoch, sequence));
  create unique index on events (id, source, type, project);
  create index on events (run, epoch, sequence) where run is not null;
  create index on events (correlationid, epoch, sequence) where correlationid is not null;
  create index on events (causationid) where causationid is not null;`;
const columns = [
  "sequence",
  "at",
  "id",
  "source",
  "type",
  "project",
  "subject",
  "run",
  "correlationid",
  "causationid",
];
const types = ["bigint", "timestamptz", ...columns.slice(2).map(() => "text"), "text"];
const insert = `with moved as (update position set sequence = $1)
  insert into events (epoch, ${columns.join(", ")}, body)
  select 1, * from unnest(${types.map((type, index) => `$${index + 2}::${type}[]`).join(", ")})
  on conflict do nothing`;

const postgres = new pg.Client({ connectionString: postgresUrl });
await postgres.connect();
await postgres.query(table);
const connection = await connect({ servers: natsUrl });
const arrived: JsMsg[] = [];
let wake: () => void = () => undefined;
const consumer = await jetstream(connection).consumers.get(stream, { deliver_policy: DeliverPolicy.All });
await consumer.consume({
  max_messages: 1_000,
  callback: (message) => {
    arrived.push(message);
    wake();
  },
});
process.send?.("ready");
for (;;) {
  if (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve));
  await write(arrived.splice(0, 500));
}

async function write(batch: readonly JsMsg[]): Promise<void> {
  const bodies = batch.map((message) => message.string());
  // Written by the publisher of this bench.
  const events = bodies.map((body) => JSON.parse(body) as Record<string, string | undefined>);
  const named = columns
    .slice(2)
    .map((name) => events.map((event) => event[name] ?? (name === "project" ? "" : null)));
  const sequences = batch.map(({ seq }) => seq);
  const at = batch.map(({ timestamp }) => timestamp);
  await postgres.query({
    name: "write",
    text: insert,
    values: [sequences.at(-1), sequences, at, ...named, bodies],
  });
}
