// What people write goes wrong in every way; each way ends in one counted `finished` and words that help.
import { beforeAll, describe, expect, test } from "vitest";
import { shortType } from "@jackfield/spec/event/type";
import { program } from "./programs.ts";
import { projectWith, World } from "./world.ts";

/** Each way to go wrong: its code, and how often it is tried. */
const ways: Record<string, { body: string; code: string; attempts: number }> = {
  crashes: {
    body: `console.error("reading 1096 rows"); Error.stackTraceLimit = 2; console.error(new Error("no GPU here").stack); process.exit(3);`,
    code: "E_EXIT",
    attempts: 1,
  },
  killed: {
    body: `process.kill(process.pid, "SIGSEGV"); setInterval(() => {}, 1000);`,
    code: "E_CRASHED",
    attempts: 3,
  },
  hangs: {
    body: `console.error("epoch 1 of 9"); setInterval(() => {}, 1000);`,
    code: "E_TIMEOUT",
    attempts: 3,
  },
  floods: {
    body: `const line = ("x".repeat(1023) + "\\n").repeat(1024);
    for (let mebibyte = 0; mebibyte < 100; mebibyte += 1) writeSync(1, line);
    console.error("that was all"); process.exitCode = 1;`,
    code: "E_EXIT",
    attempts: 1,
  },
  garbage: {
    body: `model(); writeFileSync(out + "/predictions.csv", "\\u0000\\u0001 garbage");`,
    code: "E_BAD_OUTPUT",
    attempts: 1,
  },
  few: {
    body: `model(); predict(ids.slice(2).map((id) => id + ",rain"));`,
    code: "E_ROWS_MISSING",
    attempts: 1,
  },
  modelless: { body: `predict(ids.map((id) => id + ",rain"));`, code: "E_NO_MODEL", attempts: 1 },
};

const script = program(`const ways = {
${Object.entries(ways)
  .map(([name, { body }]) => `${name}() { ${body} },`)
  .join("\n")}
};
ways[process.argv[2]]();
`);

/** What differs from run to run and machine to machine. */
const normalised = (text: string): string =>
  text
    .replaceAll(/[^\s'(]*\/code\/train\.mjs:\d+:\d+/g, "train.mjs")
    .replaceAll(/code [0-9a-f]{7,}/g, "code DIGEST")
    .replaceAll(/[^\s'(]*\/logs\/commands\/[^\s')]*/g, "LOG")
    .replaceAll(/seattle-\d+/g, "seattle-N")
    .replaceAll(/\d+(\.\d+)? (ms|s|min)\b/g, "N s")
    .replaceAll(/(sha256:)?[0-9a-f]{3,}…/g, "DIGEST…")
    .replaceAll(/(seed|Node\.js) v?[\d.]+/g, "$1 N")
    .replaceAll(/^\s+at .*node:internal.*\n/gm, "")
    .replaceAll(/ +$/gm, "")
    .replaceAll(/(\S) {2,}/g, "$1  ");

describe("user code that", () => {
  let world: World;
  const runs = new Map<string, string>();

  beforeAll(async () => {
    const folder = await projectWith("node train.mjs {params.way=crashes}", { "train.mjs": script });
    world = await World.begin({ folder, environment: { JACKFIELD_FINISH_SECONDS: "8" } });
    await world.did("apply");
    for (const way of Object.keys(ways)) {
      const run = await world.did("run", "weather/seattle", "--set", `params.way=${way}`, "--no-wait");
      runs.set(way, run);
    }
  });

  test.each(Object.entries(ways))(
    "%s",
    async (way, { code, attempts }) => {
      const run = runs.get(way) ?? "";
      await world.happened("run.finished", (event) => event.run === run, 60_000);
      const train = world.events.filter((event) => event.subject === `${run}/train`);
      const triggered = train.filter(({ type }) => shortType(type) === "train.triggered");
      const finished = train.filter(({ type }) => shortType(type) === "train.finished");
      expect(triggered.length, "attempts").toBe(attempts);
      expect(finished.map(({ triggeredid }) => triggeredid)).toEqual(triggered.map(({ id }) => id));
      for (const { data } of finished) expect(data).toMatchObject({ problem: { code } });
      const shown = await world.type("show", run, "--wait");
      expect(shown.exit).toBe(11);
      expect(normalised(shown.out)).toMatchSnapshot();
    },
    70_000,
  );
});
