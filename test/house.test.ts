import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { catalogue } from "@jackfield/problem/catalogue";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const foldersIn = (path: string): string[] =>
  readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
    .map((entry) => entry.name);

// What belongs to the project: tracked, or new and not ignored.
const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "--deduplicate"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && !isGone(path));
const code = files.filter((path) => /\.(ts|mjs|cjs|py)$/.test(path) && !path.startsWith("spec/published/"));

function isGone(path: string): boolean {
  try {
    read(path);
    return false;
  } catch {
    return true;
  }
}

describe("the top level", () => {
  test("is a fixed list", () => {
    const expected = [
      ".ci", ".dependency-cruiser.cjs", ".gitignore", ".npmrc", ".prettierignore", ".prettierrc.json",
      "ARCHITECTURE.md", "CONTRIBUTING.md", "LICENSE", "README.md",
      "deploy", "eslint.config.mjs", "examples", "libs", "package-lock.json", "package.json",
      "services", "spec", "test", "tsconfig.json", "vitest.config.ts",
    ]; // prettier-ignore
    expect([...new Set(files.map((path) => path.split("/")[0] ?? ""))].sort()).toEqual(expected.sort());
  });

  test("libraries and services are those of the design", () => {
    const libraries = [
      "artifacts",
      "cdevents",
      "cesql",
      "client",
      "events",
      "executor",
      "keptn",
      "kserve",
      "learning",
      "lifecycle",
      "openlineage",
      "postgres",
      "problem",
      "python",
      "service",
      "tables",
    ];
    const services = ["conductor", "evaluate", "fetch", "gateway", "projects", "split", "tracker", "train"];
    expect(foldersIn("libs").sort()).toEqual(libraries);
    expect(foldersIn("services").sort()).toEqual(services);
  });
});

describe("files", () => {
  test("have at most 250 lines", () => {
    const long = code
      .map((path) => ({ path, lines: read(path).split("\n").length - 1 }))
      .filter(({ lines }) => lines > 250);
    expect(long).toEqual([]);
  });

  test("are named after what they hold", () => {
    const drawers = code.filter((path) =>
      /(^|\/)(utils?|common|helpers?|manager|misc|index)(\.|\/)/i.test(path),
    );
    expect(drawers).toEqual([]);
  });

  test("skip no test, keep no note to self", () => {
    const own = code.filter((path) => path !== "test/house.test.ts");
    const found = own.flatMap((path) =>
      [...read(path).matchAll(/\b(test|it|describe)\.(skip|only|todo)\(|\b(TODO|FIXME)\b/g)].map(
        (match) => `${path}: ${match[0]}`,
      ),
    );
    expect(found).toEqual([]);
  });
});

describe("the conductor", () => {
  test("asks for tasks by their keys: no query selects all tasks of a run", () => {
    const own = code.filter((path) => path.startsWith("services/conductor/") && !/\.test\.ts$/.test(path));
    const queries = own.flatMap((path) =>
      [...read(path).matchAll(/\b(?:from|join) tasks\b[^`"]{0,200}/g)].map(([query]) => ({ path, query })),
    );
    expect(queries.length).toBeGreaterThan(2);
    expect(queries.filter(({ query }) => !/^\w+ tasks (?:on|where) (?:tasks\.)?key = /.test(query))).toEqual(
      [],
    );
  });
});

describe("readmes", () => {
  const packages = [
    ...foldersIn("libs").map((name) => `libs/${name}`),
    ...foldersIn("services").map((name) => `services/${name}`),
    "spec",
    "deploy",
  ];

  test.each(packages)("%s has one, and a sentence for each dependency", (folder) => {
    const readme = read(`${folder}/README.md`);
    const { dependencies = {} } = JSON.parse(read(`${folder}/package.json`)) as {
      dependencies?: Record<string, string>;
    };
    const missing = Object.keys(dependencies).filter(
      (name) => !name.startsWith("@jackfield/") && !readme.includes(`\`${name}\``),
    );
    expect(missing).toEqual([]);
  });

  test.each(foldersIn("services"))("services/%s says its four lists", (name) => {
    const readme = read(`services/${name}/README.md`).toLowerCase();
    for (const list of ["listens to", "answers with", "owns", "needs"]) expect(readme).toContain(list);
  });

  test("a link inside the project leads somewhere", () => {
    const broken = files
      .filter((path) => path.endsWith(".md"))
      .flatMap((path) =>
        [...read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)/g)]
          .map(([, target = ""]) => join(path, "..", target))
          .filter((target) => isGone(target) && !foldersOf(files).has(target.replace(/\/$/, "")))
          .map((target) => `${path} → ${target}`),
      );
    expect(broken).toEqual([]);
  });
});

describe("problems", () => {
  test("every code of the list is used, and none is used that is not in it", () => {
    const elsewhere = code.filter(
      (path) => path !== "libs/problem/catalogue.ts" && !path.endsWith(".test.ts"),
    );
    const used = new Set(
      elsewhere.flatMap((path) =>
        [...read(path).matchAll(/["'`](E_[A-Z_]+)["'`]/g)].map(([, name]) => name ?? ""),
      ),
    );
    expect(Object.keys(catalogue).filter((name) => !used.has(name))).toEqual([]);
    expect([...used].filter((name) => !Object.hasOwn(catalogue, name))).toEqual([]);
  });
});

const foldersOf = (paths: string[]): Set<string> =>
  new Set(paths.flatMap((path) => path.split("/").map((_, depth, parts) => parts.slice(0, depth).join("/"))));
