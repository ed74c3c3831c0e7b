import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openDuck } from "./duck.ts";
import { importTable } from "./import-table.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jackfield-filter-"));
  await writeFile(
    join(folder, "days.csv"),
    "day,rain,sky\n2012-01-01,0,sun\n2013-01-02,10.9,rain\n2013-01-03,,\n",
  );
  await writeFile(join(folder, "secret.txt"), "secret");
});
afterAll(() => rm(folder, { recursive: true }));

async function kept(where: string): Promise<number> {
  const source = { path: join(folder, "days.csv"), called: "days.csv", format: "csv" as const };
  return (await importTable(source, { where }, join(folder, "out.parquet"))).rows;
}

test.each([
  ["rain > 5 AND sky IN ('rain', 'snow')", 1],
  ["sky IS NULL OR NOT rain BETWEEN 1 AND 20", 2],
  ["day >= '2013-01-01'", 2],
  ["year(day) = 2012 -- the first year", 1],
  ["day < date '2012-01-01' + interval 2 days", 1],
  ["lower(sky) LIKE 'r%' /* rainy */", 1],
  ["coalesce(rain, 0) * 2 = CASE WHEN sky = 'sun' THEN 0 ELSE -1 END", 1],
  ["SKY = 'sun'", 1],
])("%s is a filter", async (where, rows) => {
  expect(await kept(where)).toBe(rows);
});

describe("a filter cannot reach outside its source", () => {
  test.each([
    "sky = (SELECT content FROM read_text('/etc/passwd'))",
    "EXISTS (FROM read_csv('/etc/passwd'))",
    "rain > ANY (SELECT 1)",
    "read_text('/etc/passwd') IS NOT NULL",
    "1 = 1) UNION (SELECT * FROM read_text('/etc/passwd')",
    "1 = 1); COPY named TO 'stolen.csv'; SELECT (1",
    "1 = 1); ATTACH 'other.db'; SELECT (1",
    "1 = 1) ORDER BY (rain",
    "1 = 1) LIMIT (1",
    "1 = 1) GROUP BY (rain",
    "1 = 1) USING SAMPLE 1 -- (",
    "rain > count(*)",
    "row_number() OVER () = 1",
    "getenv('HOME') = 'x'",
    "current_setting('threads') = '1'",
    "random() < 0.5",
    "day < now()",
    "rain = $1",
    "#1 = 2",
    "COLUMNS(*) = 1",
    "list_filter([1], x -> x > 0) = [1]",
    "repeat('x', 1000000000) = sky",
    "sky::BLOB = 'x'",
    "main.lower(sky) = 'sun'",
    "rain >",
    "rain = 1; DROP TABLE named",
    "",
    "rain + 1",
    "sky",
    "day > 'yesterday'",
    "rain > 1000",
    `rain > 1${" AND rain > 1".repeat(1_000)}`,
  ])("%s", async (where) => {
    await expect(kept(where)).rejects.toMatchObject({ code: "E_FILTER" });
  });

  test.each([
    "named.rain = 1",
    "current_date = day",
    "rian = 1",
    "__row_id = 'x'",
    "__order = 1",
    "raw.c0 = 1",
  ])("%s names no column of it", async (where) => {
    await expect(kept(where)).rejects.toMatchObject({ code: "E_NO_COLUMN" });
  });
});

describe("should a filter ever get past its check", () => {
  test("the database reads and writes no other file, and cannot be unlocked", async () => {
    await using duck = await openDuck({
      reads: { source: join(folder, "days.csv") },
      writes: join(folder, "out.parquet"),
    });
    expect(await duck.rows(`SELECT count(*) AS n FROM read_csv(${duck.file("source")})`)).toEqual([{ n: 3 }]);
    for (const sql of [
      "SELECT * FROM read_text('/etc/passwd')",
      `SELECT * FROM read_text('${join(folder, "secret.txt")}')`,
      `COPY (SELECT 1) TO '${join(folder, "stolen.csv")}'`,
      `ATTACH '${join(folder, "other.db")}'`,
      "SELECT * FROM glob('/etc/*')",
      "INSTALL httpfs",
      "LOAD httpfs",
      "SELECT * FROM read_csv('https://127.0.0.1/x.csv')",
      "SET enable_external_access = true",
      "SET lock_configuration = false",
      "RESET allowed_directories",
    ]) {
      await expect(duck.rows(sql), sql).rejects.toThrow(/disabled|locked|Cannot|configuration/i);
    }
    expect((await readdir(folder)).toSorted()).not.toContain("stolen.csv");
  });

  test("work that outgrows its memory is a trouble of the machine, not of the source", async () => {
    await using duck = await openDuck({ memoryMegabytes: 20 });
    await expect(duck.rows("SELECT len(list(range)) AS n FROM range(10000000)")).rejects.toMatchObject({
      code: "E_OOM",
      retriable: true,
    });
  });

  test("nothing of it stays behind", async () => {
    vi.stubEnv("TMPDIR", folder);
    await expect(kept("rain >")).rejects.toMatchObject({ code: "E_FILTER" });
    vi.unstubAllEnvs();
    expect((await readdir(folder)).filter((name) => name.startsWith("jackfield-tables-"))).toEqual([]);
  });
});
