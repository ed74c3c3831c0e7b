import { sql, type Generated, type Kysely } from "kysely";
import type { Database } from "@jackfield/postgres/database";
import type { Assignment } from "@jackfield/service/answer-events";
import type { HandlerDescription } from "@jackfield/spec/facts/handler";

/** A handler that is asked by POST, as the table has it. */
export interface WebhookRow {
  /** `*`: every project. */
  project: string;
  name: string;
  url: string;
  key: string;
  previous_key: string | null;
  version: string;
  contracts: HandlerDescription["contracts"];
  concurrency: number;
  heartbeat: boolean;
  created_by: string | null;
  disabled: string | null;
}

interface Tables {
  webhook_handlers: Insertable;
  webhook_tasks: { triggeredid: string; assignment: Assignment; until: Date };
}

interface Insertable extends WebhookRow {
  created_at: Generated<Date>;
}

const columns = [
  "project",
  "name",
  "url",
  "key",
  "previous_key",
  "version",
  "contracts",
  "concurrency",
  "heartbeat",
  "created_by",
  "disabled",
] as const;

/** The gateway's tables of webhooks. */
export class HandlerStore {
  readonly #db: Kysely<Tables>;

  constructor({ kysely }: Database) {
    this.#db = kysely.withTables<Pick<Tables, keyof Tables>>();
  }

  all(): Promise<WebhookRow[]> {
    return this.#db.selectFrom("webhook_handlers").select(columns).execute();
  }

  find(project: string, name: string): Promise<WebhookRow | undefined> {
    return this.#db
      .selectFrom("webhook_handlers")
      .select(columns)
      .where("project", "=", project)
      .where("name", "=", name)
      .executeTakeFirst();
  }

  /** New, or instead of the one that is there. */
  async put(row: WebhookRow): Promise<void> {
    const values = { ...row, contracts: json(row.contracts) };
    const { project: _project, name: _name, ...changed } = values;
    await this.#db
      .insertInto("webhook_handlers")
      .values(values)
      .onConflict((conflict) => conflict.columns(["project", "name"]).doUpdateSet(changed))
      .execute();
  }

  async disable(
    { project, name, url }: Pick<WebhookRow, "project" | "name" | "url">,
    why: string,
  ): Promise<void> {
    await this.#db
      .updateTable("webhook_handlers")
      .set({ disabled: why })
      .where("project", "=", project)
      .where("name", "=", name)
      .where("url", "=", url)
      .execute();
  }

  async remove(project: string, name: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom("webhook_handlers")
      .where("project", "=", project)
      .where("name", "=", name)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  /** Keeps that somebody works on this, whom nobody hears until the answer. */
  async hold(assignment: Assignment, until: Date): Promise<void> {
    await this.#db
      .insertInto("webhook_tasks")
      .values({ triggeredid: assignment.triggered.id, assignment: json(assignment), until })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async held(): Promise<Assignment[]> {
    await this.#db
      .deleteFrom("webhook_tasks")
      .where("until", "<", sql<Date>`now()`)
      .execute();
    const rows = await this.#db.selectFrom("webhook_tasks").select("assignment").execute();
    return rows.map(({ assignment }) => assignment);
  }

  async letGo(triggeredid: string): Promise<void> {
    await this.#db.deleteFrom("webhook_tasks").where("triggeredid", "=", triggeredid).execute();
  }
}

/** PostgreSQL reads a bare string, number or list as something else than JSON. */
const json = <Value>(value: Value) => sql<Value>`${JSON.stringify(value)}::jsonb`;
