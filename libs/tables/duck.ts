import { mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Problem } from "@jackfield/problem/problem";
import { list, text } from "./sql.ts";

/** What a table holds, in JavaScript: dates and timestamps as ISO 8601 text, integers beyond 2^53 as decimal text. */
export type Cell = string | number | boolean | null;
export type Row = Record<string, Cell>;
export type Columns = Record<string, Cell[]>;
export type Parameters = Record<string, string | number | boolean>;

/** One database in memory, open for one piece of work. */
export interface Duck extends AsyncDisposable {
  run(sql: string, parameters?: Parameters): Promise<void>;
  rows(sql: string, parameters?: Parameters): Promise<Row[]>;
  /** The same rows by column, for tables whose rows would be too many objects. */
  columns(sql: string): Promise<Columns>;
  /** Adds rows to a table; `columns` are the values by column, all of one length. */
  append(table: string, columns: readonly (readonly Cell[])[]): Promise<void>;
  /** SQL text of the path under which a file that was opened for reading is seen: it has no pattern characters. */
  file(nickname: string): string;
  /** SQL text of the path of the file that was opened for writing. */
  output: string;
}

export interface DuckFiles {
  /** Nickname → path. */
  reads?: Record<string, string>;
  writes?: string;
  memoryMegabytes?: number;
}

/**
 * Opens DuckDB for these files and no others: whatever SQL runs afterwards can neither reach another
 * file or the network, load an extension, nor undo this.
 * @throws E_SOURCE when a file to be read is not there.
 */
export async function openDuck({ reads = {}, writes, memoryMegabytes = 512 }: DuckFiles): Promise<Duck> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), "jackfield-tables-"));
  try {
    const allowed: string[] = [];
    for (const [nickname, path] of Object.entries(reads)) {
      const real = await realPathOf(path);
      // A path may hold *, ? or [, which DuckDB takes for a pattern; the link's name does not.
      await symlink(real, join(folder, nickname));
      allowed.push(real);
    }
    const output = writes === undefined ? undefined : join(await realpath(dirname(writes)), basename(writes));
    if (output !== undefined) allowed.push(output);
    const database = await openDatabase({ folder, allowed, memoryMegabytes });
    return {
      ...database,
      file: (nickname) => text(join(folder, nickname)),
      output: text(output ?? ""),
      [Symbol.asyncDispose]: async () => {
        database.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Place {
  folder: string;
  allowed: string[];
  memoryMegabytes: number;
}

type Database = Pick<Duck, "run" | "rows" | "columns" | "append"> & { close: () => void };

async function openDatabase({ folder, allowed, memoryMegabytes }: Place): Promise<Database> {
  // Loading the library takes longer than a service may take to start.
  const { DuckDBInstance, DuckDBDataChunk } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", {
    // One thread: the order of rows, and so the bytes that are written, never depends on the machine.
    threads: "1",
    memory_limit: `${memoryMegabytes}MB`,
    temp_directory: folder,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run(`SET allowed_directories = [${text(folder)}]`);
  await connection.run(`SET allowed_paths = [${list(allowed.map(text))}]`);
  await connection.run("SET enable_external_access = false");
  await connection.run("SET lock_configuration = true");
  return {
    run: async (sql, parameters) => {
      await connection.run(sql, parameters).catch(throwNamed);
    },
    rows: async (sql, parameters) => {
      const reader = await connection.runAndReadAll(sql, parameters).catch(throwNamed);
      return reader.getRowObjectsJS().map(plainRow);
    },
    columns: async (sql) => plainColumns(await connection.runAndReadAll(sql).catch(throwNamed)),
    append: async (table, columns) => {
      const appender = await connection.createAppender(table);
      const types = columns.map((_, index) => appender.columnType(index));
      for (let start = 0; start < (columns[0]?.length ?? 0); start += chunkRows) {
        const chunk = DuckDBDataChunk.create(types);
        chunk.setColumns(columns.map((values) => values.slice(start, start + chunkRows)));
        appender.appendDataChunk(chunk);
      }
      appender.closeSync();
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** What the machine lacks is no fault of a source or a filter, so it gets its name before they are blamed. */
function throwNamed(error: unknown): never {
  if (!/^(Out of Memory Error|IO Error: .*No space left)/s.test(String(error).replace(/^Error: /, "")))
    throw error;
  throw new Problem("E_OOM", "The table needs more memory or disk than there is for it.", {
    why: duckSays(error),
    next: "Take fewer rows or columns, or free space in the folder for temporary files.",
    cause: error,
  });
}

/** DuckDB's own vector size. */
const chunkRows = 2048;

/** What a query gave, by column. */
interface Given {
  columnNames(): string[];
  getColumnsJS(): readonly (readonly unknown[])[];
}

function plainColumns(given: Given): Columns {
  const values = given.getColumnsJS();
  return Object.fromEntries(
    given.columnNames().map((column, place) => [column, (values[place] ?? []).map(plainCell)]),
  );
}

const plainRow = (row: Record<string, unknown>): Row =>
  Object.fromEntries(Object.entries(row).map(([column, value]) => [column, plainCell(value)]));

function plainCell(value: unknown): Cell {
  if (typeof value === "bigint") {
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
      ? Number(value)
      : String(value);
  }
  if (
    value === null ||
    typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "boolean"
  ) {
    return value;
  }
  throw new Problem("E_BROKEN", "A query of ours gave a value that is no plain one.");
}

const realPathOf = (path: string): Promise<string> =>
  realpath(path).catch((cause: unknown) => {
    throw new Problem("E_SOURCE", `There is no file ${path}.`, { cause });
  });

/** What DuckDB said, in one line: without its hints on its own options, and without our SQL. */
export function duckSays(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [first = ""] = message.split(/\n\s*\n|\nPossible|\n\s*LINE \d+:/);
  return first
    .replace(/^[A-Z][A-Za-z ]+ Error: /, "")
    .replace(/\s+/g, " ")
    .replace(/ in file "[^"]*"/, "")
    .trim();
}
