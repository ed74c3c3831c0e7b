import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { command } from "./command.ts";
import { loadVerbs } from "./find-verb.ts";
import { allVerbs, groups } from "./grammar.ts";
import { verbTable } from "./help.ts";

/** One line typed at the command, without a server. */
async function typed(...words: string[]): Promise<{ exit: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const exit = await command(words, {
    stdout: { write: (text) => (said.out += String(text)) },
    stderr: { write: (text) => (said.err += String(text)) },
    env: { JACKFIELD_URL: "http://127.0.0.1:1" },
    cwd: () => "/",
    on: () => undefined,
  });
  return { exit, ...said };
}

const withoutPadding = (table: string): string[] =>
  table
    .split("\n")
    .filter((line) => line.startsWith("|") && !line.startsWith("| -"))
    .map((line) => line.replaceAll(/ +/g, " "));

test("The README's table is the verbs' own", async () => {
  const readme = await readFile(new URL("./README.md", import.meta.url), "utf8");
  expect(withoutPadding(readme)).toEqual(withoutPadding(verbTable(await loadVerbs())));
});

test("Every file in verbs/ is a verb of the grammar, in its group, and in --help", async () => {
  const files = (await readdir(new URL("./verbs/", import.meta.url))).map((file) =>
    file.replace(/\.ts$/, ""),
  );
  const verbs = await loadVerbs();
  expect(verbs.map(({ name }) => name).sort()).toEqual(files.sort());
  expect(verbs.map(({ name }) => name).filter((name) => !allVerbs.includes(name))).toEqual([]);
  for (const { name, group } of verbs) expect(groups[group]).toContain(name);
  const { out } = await typed("--help");
  for (const { name, does } of verbs)
    expect(out).toMatch(new RegExp(`^ .* ${name} .*${does.slice(0, 12)}`, "m"));
});

test("help VERB is VERB --help", async () => {
  expect(await typed("help", "run")).toEqual(await typed("run", "--help"));
});

test("Each verb explains its flags", async () => {
  for (const { name, flags } of await loadVerbs()) {
    const { exit, out } = await typed(name, "--help");
    expect(exit).toBe(0);
    for (const flag of Object.keys(flags)) expect(out).toContain(`--${flag}`);
  }
});

test.each([
  ["plan", "next   jackfield apply --dry-run"],
  ["status", "next   jackfield ls"],
  ["init", "init is not in this release"],
  ["tial", "next   did you mean jackfield tail?"],
  ["run --sed 4", "next   did you mean --seed?"],
  ["tail train.* >x", "E_FILTER"],
  ["admin", "next   jackfield admin service tracker"],
  ["diff seattle-1", "diff takes two runs"],
  ["handle train", "handle which command?"],
])("%s is refused with the right command and exit 2", async (words, expected) => {
  const { exit, out, err } = await typed(...words.split(" "));
  expect([exit, out]).toEqual([2, ""]);
  expect(err).toContain(expected);
});

test("No server is exit 10, and names the address and who said it", async () => {
  const { exit, err } = await typed("ls", "runs");
  expect(exit).toBe(10);
  expect(err).toMatch(
    /^E_UNREACHABLE {2}No Jackfield answers at http:\/\/127\.0\.0\.1:1\n {2}why .*JACKFIELD_URL/,
  );
  const machine = await typed("ls", "runs", "--json");
  expect(JSON.parse(machine.out)).toMatchObject({ problem: { code: "E_UNREACHABLE" } });
  expect(machine.err).toBe("");
});
