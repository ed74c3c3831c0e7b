import { sql, type Generated, type Kysely } from "kysely";
import type { DialectFilter } from "@jackfield/cesql/dialect-filter";
import type { Database } from "@jackfield/postgres/database";
import type { EventFormat } from "@jackfield/spec/http/events";

/** A subscription as the table has it. */
export interface SubscriptionRow {
  id: string;
  project: string | null;
  sink: string;
  filters: DialectFilter[];
  format: EventFormat;
  key: string;
  position: string;
  failures: number;
  due_at: Date | null;
  paused: string | null;
  created_by: string | null;
}

interface SubscriptionTable extends SubscriptionRow {
  created_at: Generated<Date>;
  teller: Generated<string | null>;
  teller_until: Generated<Date | null>;
}

const columns = [
  ...(["id", "project", "sink", "filters", "format", "key", "position", "failures", "due_at"] as const),
  ...(["paused", "created_by"] as const),
];

/** What a delivery changes. */
export type Progress = Partial<Pick<SubscriptionRow, "position" | "failures" | "due_at" | "paused">>;

/** The gateway's table of subscriptions. */
export class SubscriptionStore {
  readonly #db: Kysely<{ subscriptions: SubscriptionTable }>;

  constructor({ kysely }: Database) {
    this.#db = kysely.withTables<{ subscriptions: SubscriptionTable }>();
  }

  async add(row: SubscriptionRow): Promise<void> {
    const filters = sql<DialectFilter[]>`${JSON.stringify(row.filters)}::jsonb`;
    await this.#db
      .insertInto("subscriptions")
      .values({ ...row, filters })
      .execute();
  }

  all(): Promise<SubscriptionRow[]> {
    return this.#db.selectFrom("subscriptions").select(columns).orderBy("created_at").execute();
  }

  find(id: string): Promise<SubscriptionRow | undefined> {
    return this.#db.selectFrom("subscriptions").select(columns).where("id", "=", id).executeTakeFirst();
  }

  async remove(id: string): Promise<void> {
    await this.#db.deleteFrom("subscriptions").where("id", "=", id).execute();
  }

  /** Those that this gateway tells from now on for so long: free ones, and its own. */
  claim(teller: string, seconds: number): Promise<SubscriptionRow[]> {
    return this.#db
      .updateTable("subscriptions")
      .set({ teller, teller_until: sql<Date>`now() + make_interval(secs => ${seconds})` })
      .where("paused", "is", null)
      .where(({ or, eb }) =>
        or([
          eb("teller", "=", teller),
          eb("teller_until", "is", null),
          eb("teller_until", "<", sql<Date>`now()`),
        ]),
      )
      .returning(columns)
      .execute();
  }

  /** Lets others tell at once. */
  async release(teller: string): Promise<void> {
    await this.#db
      .updateTable("subscriptions")
      .set({ teller_until: null })
      .where("teller", "=", teller)
      .execute();
  }

  /** Only who tells it moves it on; false when that is somebody else by now. */
  async move(id: string, teller: string, progress: Progress): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable("subscriptions")
      .set(progress)
      .where("id", "=", id)
      .where("teller", "=", teller)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async resume(id: string): Promise<void> {
    await this.#db
      .updateTable("subscriptions")
      .set({ paused: null, failures: 0, due_at: null })
      .where("id", "=", id)
      .execute();
  }
}
