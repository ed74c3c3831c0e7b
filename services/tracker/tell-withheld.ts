import { fromJson } from "@jackfield/events/codec";
import { parseJson } from "@jackfield/events/json-text";
import { parkedFact } from "@jackfield/service/delivery-facts";
import type { Parts } from "@jackfield/service/define";
import { printPosition } from "@jackfield/spec/event/position";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { sql, type Selectable } from "kysely";
import { incidentOf } from "./incident.ts";
import { tablesOf, type Db, type Tables } from "./tables.ts";

type Withheld = Selectable<Tables["withheld"]>;

const atOnce = 200;
const mostOfDetail = 2_000;

/**
 * Says what was withheld and not said yet, also what a process that died left: every one as a line of the process's log,
 * and of each reason and subject the first as a fact, so that a flood of forgeries does not make a flood of facts. What the
 * stream had lost is an incident, each time.
 */
export async function tellWithheld({ database, publisher, log }: Parts): Promise<void> {
  const db = tablesOf(database);
  for (;;) {
    const rows = await untold(db);
    for (const row of rows) {
      const { why, subject, detail } = row;
      const position = printPosition(row);
      log.warn({ event: "event.withheld", position, why, subject, detail }, "kept out of the log");
      if (why === "missing" || (await isFirst(db, row)))
        await publisher.publish(factOf(row), { untilAccepted: true });
      await markTold(db, row);
    }
    if (rows.length < atOnce) return;
  }
}

const untold = (db: Db): Promise<Withheld[]> =>
  db
    .selectFrom("withheld")
    .selectAll()
    .where("told", "=", false)
    .orderBy("epoch")
    .orderBy("sequence")
    .limit(atOnce)
    .execute();

async function isFirst(db: Db, { why, subject }: Withheld): Promise<boolean> {
  const before = await db
    .selectFrom("withheld")
    .select(sql`1`.as("one"))
    .where("why", "=", why)
    .where("subject", "=", subject)
    .where("told", "=", true)
    .limit(1)
    .executeTakeFirst();
  return before === undefined;
}

async function markTold(db: Db, { epoch, sequence }: Withheld): Promise<void> {
  await db
    .updateTable("withheld")
    .set({ told: true })
    .where("epoch", "=", epoch)
    .where("sequence", "=", sequence)
    .execute();
}

const factOf = (row: Withheld): CloudEvent =>
  row.why === "missing"
    ? incidentOf(row)
    : parkedFact(
        { reader: "tracker", position: row, times: 1, event: eventIn(row) },
        { why: row.why, subject: row.subject, detail: row.detail.slice(0, mostOfDetail) },
      );

/** What is no event, or only claims to be somebody's, lends nothing to the fact about it. */
function eventIn({ why, body }: Withheld): CloudEvent | undefined {
  if (why !== "conflict" && why !== "no-question") return undefined;
  const decoded = fromJson(parseJson(body));
  return decoded.ok ? decoded.event : undefined;
}
