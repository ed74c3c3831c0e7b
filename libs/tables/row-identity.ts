import { Problem } from "@jackfield/problem/problem";
import { textOf } from "./column-types.ts";
import type { Duck } from "./duck.ts";
import { mustHave, type TypedColumn } from "./settle-types.ts";
import { list, name, text } from "./sql.ts";

/**
 * Makes the table `named` of the table `typed`: every row gets `__row_id`, which joins it from fetch to served prediction.
 * With a key: the text of the key columns, joined by `|`. Without: the first 16 digits of the SHA-256 of all values,
 * and which of the rows with equal content it is, so that equal content has equal ids in any order of rows.
 * @throws E_NO_COLUMN, or E_DUPLICATE_KEY when a key is empty or names several rows.
 */
export async function nameRows(
  duck: Duck,
  columns: readonly TypedColumn[],
  { key, called }: { key: readonly string[]; called: string },
): Promise<void> {
  if (key.length === 0) {
    await duck.run(
      `CREATE TEMP TABLE named AS SELECT * EXCLUDE (__content), ` +
        `left(__content, 16) || '-' || row_number() OVER (PARTITION BY __content ORDER BY __order) AS __row_id ` +
        `FROM (SELECT *, ${contentHash(columns)} AS __content FROM typed)`,
    );
  } else {
    const names = columns.map((column) => column.name);
    for (const column of key) mustHave(names, column, called);
    const parts = columns.filter((column) => key.includes(column.name));
    const ordered = key.flatMap((column) => parts.filter((part) => part.name === column));
    await duck.run(
      `CREATE TEMP TABLE named AS SELECT * ${exclude(key)}, ${keyText(ordered)} AS __row_id FROM typed`,
    );
    await refuseBadKeys(duck, key, called);
  }
  await duck.run("DROP TABLE typed");
}

/** A key that is called `__row_id` already is the row id; it must not be there twice. */
const exclude = (key: readonly string[]): string => (key.includes("__row_id") ? "EXCLUDE (__row_id)" : "");

/**
 * Each value with its length before it, so that no two rows run together; columns by name, so their order does not count.
 * Types are left out: a column that is read as another type next time still names the same rows.
 */
function contentHash(columns: readonly TypedColumn[]): string {
  const parts = columns
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name: column, type }) => {
      const value = textOf(type, name(column));
      return `CASE WHEN ${name(column)} IS NULL THEN 'n' ELSE strlen(${value}) || ':' || (${value}) END`;
    });
  return `sha256(concat(${list(parts)}))`;
}

function keyText(key: readonly TypedColumn[]): string {
  const [only, ...more] = key.map(({ name: column, type }) => textOf(type, name(column)));
  if (only !== undefined && more.length === 0) return only;
  const escaped = (value: string): string => `replace(replace(${value}, '\\', '\\\\'), '|', '\\|')`;
  return key.map(({ name: column, type }) => escaped(textOf(type, name(column)))).join(" || '|' || ");
}

async function refuseBadKeys(duck: Duck, key: readonly string[], called: string): Promise<void> {
  const named = `Key ${key.join(", ")} of ${called}`;
  const [empty] = await duck.rows(
    "SELECT count(*) AS rows, min(__order) AS first FROM named WHERE __row_id IS NULL OR __row_id = ''",
  );
  if (empty?.["rows"] !== 0) {
    throw new Problem("E_DUPLICATE_KEY", `${named} is empty in ${String(empty?.["rows"])} rows.`, {
      why: `The first is row ${String(empty?.["first"])}.`,
      next: noKey,
    });
  }
  const twice = "SELECT __row_id, count(*) AS rows FROM named GROUP BY __row_id HAVING count(*) > 1";
  const examples = await duck.rows(`${twice} ORDER BY min(__order) LIMIT 3`);
  if (examples.length === 0) return;
  const [all] = await duck.rows(`SELECT count(*) AS keys FROM (${twice})`);
  const shown = examples.map((row) => `${text(String(row["__row_id"]))} names ${String(row["rows"])} rows`);
  const keys = Number(all?.["keys"]);
  throw new Problem(
    "E_DUPLICATE_KEY",
    `${named} names several rows in ${keys} ${keys === 1 ? "case" : "cases"}.`,
    {
      why: shown.join(", "),
      next: noKey,
    },
  );
}

const noKey =
  "Correct the rows, declare more columns as `key`, or leave `key` out: rows are then named by their content.";
