// `fetch` from a table of a DuckDB file, by the SDK: WEATHER_DUCKDB=days.duckdb node dist/examples/handlers/fetch_duckdb.mjs
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { on, serve } from "@jackfield/service/serve";
import { parquetType, type ColumnType } from "@jackfield/spec/event/artifact";
import { fetch } from "@jackfield/spec/fetch";

const types: Readonly<Record<string, ColumnType>> = {
  DATE: "date",
  DOUBLE: "number",
  BIGINT: "integer",
  BOOLEAN: "boolean",
};

await serve({
  name: "duckfile",
  handlers: [
    on(fetch, async ({ source }, task) => {
      const folder = await mkdtemp(join(tmpdir(), "duckfile-"));
      const duck = await (await DuckDBInstance.create()).connect();
      try {
        const [key] = [source.key ?? "date"].flat();
        await duck.run(`attach '${process.env["WEATHER_DUCKDB"] ?? ""}' as source (read_only)`);
        const read = `select cast("${key ?? ""}" as varchar) as __row_id, * from source.days order by 1`;
        const file = join(folder, "days.parquet");
        await duck.run(`copy (${read}) to '${file}' (format parquet)`);
        const described = await duck.runAndReadAll("describe source.days");
        const counted = await duck.runAndReadAll("select count(*)::integer from source.days");
        const dataset = {
          ...(await task.store("days.parquet", await readFile(file), parquetType)),
          rows: Number(counted.getRows()[0]?.[0]),
          columns: described.getRows().map(([name, type]) => {
            return { name: String(name), type: types[String(type)] ?? ("string" as const) };
          }),
        };
        return { dataset, version: dataset.digest, key: [key ?? ""] };
      } finally {
        duck.closeSync();
        await rm(folder, { recursive: true });
      }
    }),
  ],
});
