import { randomBytes } from "node:crypto";
import { sql, type Generated, type Kysely } from "kysely";
import type { Database } from "@jackfield/postgres/database";
import type { Scope } from "@jackfield/spec/http/scope";

interface TokenTable {
  id: string;
  digest: Buffer;
  name: string;
  scopes: Scope[];
  projects: string[] | null;
  source: string | null;
  created_at: Generated<Date>;
  created_by: string | null;
  expires_at: Date | null;
  last_used_at: Date | null;
  revoked_at: Date | null;
  revoked_by: string | null;
}

/** What is known of a token that is in force. */
export interface Token {
  id: string;
  name: string;
  scopes: Scope[];
  projects: string[] | null;
  source: string | null;
  expiresAt: Date | null;
}

/** A token that is made only if there is none of its id yet. */
export type OnceToken = NewToken & { id: string };

export type NewToken = Omit<Token, "id"> & { digest: Buffer; createdBy: string | undefined };
export type KeptToken = Awaited<ReturnType<TokenStore["all"]>>[number];

const columns = ["id", "digest", "name", "scopes", "projects", "source", "expires_at"] as const;

/** The gateway's table of tokens. */
export class TokenStore {
  readonly #db: Kysely<{ tokens: TokenTable }>;

  constructor({ kysely }: Database) {
    this.#db = kysely.withTables<{ tokens: TokenTable }>();
  }

  async add({ expiresAt, createdBy, ...token }: NewToken): Promise<Token> {
    const id = randomBytes(5).toString("hex");
    const row = { ...token, id, expires_at: expiresAt, created_by: createdBy ?? null };
    await this.#db.insertInto("tokens").values(row).execute();
    return { ...token, id, expiresAt };
  }

  /** False when one of this id was made before; it stays known for longer than what led to it is good. */
  async addOnce({ expiresAt, createdBy, ...token }: OnceToken): Promise<boolean> {
    const row = { ...token, expires_at: expiresAt, created_by: createdBy ?? null };
    const { numInsertedOrUpdatedRows = 0n } = await this.#db
      .insertInto("tokens")
      .values(row)
      .onConflict((conflict) => conflict.column("id").doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows > 0n;
  }

  /** Good for so long from now, but never longer than `mostMs` after it was made; undefined when it is in force no more. */
  async renew(id: string, ms: number, mostMs: number): Promise<Date | undefined> {
    const { rows } = await sql<{ expires_at: Date }>`
      update tokens set expires_at = least(now() + ${ms} * interval '1 ms', created_at + ${mostMs} * interval '1 ms')
      where id = ${id} and revoked_at is null and expires_at > now() returning expires_at`.execute(this.#db);
    return rows[0]?.expires_at;
  }

  /** Those in force, by the hex text of their digest. */
  async inForce(digest?: Buffer): Promise<Map<string, Token>> {
    const rows = await this.#db
      .selectFrom("tokens")
      .select(columns)
      .where("revoked_at", "is", null)
      .where(({ or, eb }) => or([eb("expires_at", "is", null), eb("expires_at", ">", sql<Date>`now()`)]))
      .$if(digest !== undefined, (query) => query.where("digest", "=", digest ?? Buffer.alloc(0)))
      .execute();
    return new Map(
      rows.map(({ digest: of, expires_at, ...row }) => [
        of.toString("hex"),
        { ...row, expiresAt: expires_at },
      ]),
    );
  }

  /** Newest first, those that ended too. */
  all() {
    return this.#db.selectFrom("tokens").selectAll().orderBy("created_at", "desc").execute();
  }

  /** Takes back what has this id or this name; answers with the ids. */
  async revoke(idOrName: string, by: string | undefined): Promise<string[]> {
    const rows = await this.#db
      .updateTable("tokens")
      .set({ revoked_at: sql<Date>`now()`, revoked_by: by ?? null })
      .where(({ or, eb }) => or([eb("id", "=", idOrName), eb("name", "=", idOrName)]))
      .where("revoked_at", "is", null)
      .returning("id")
      .execute();
    return rows.map(({ id }) => id);
  }

  async used(ids: string[]): Promise<void> {
    await this.#db
      .updateTable("tokens")
      .set({ last_used_at: sql<Date>`now()` })
      .where("id", "in", ids)
      .execute();
  }
}
