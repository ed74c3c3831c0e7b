// One handler in several languages: the same rows come out, whatever the language and the door.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test, type TestContext } from "vitest";
import { pythonForThisFile } from "../bed/python.ts";
import { examples, runWith, sameness, weatherWorld, type Program } from "./majority.ts";
import { house, type World } from "./world.ts";

const python = pythonForThisFile("requirements");
let world: World;

beforeAll(async () => {
  world = await weatherWorld();
});

const programs: [string, (context: TestContext) => Promise<Program>][] = [
  [
    "majority-ts",
    async () => ({
      command: process.execPath,
      words: [join(house, "dist/examples/handlers/majority.mjs")],
      settings: await world.settingsOf("weather", "majority-ts", ["train"]),
    }),
  ],
  [
    "majority-py",
    async (context) => {
      const settings = await world.settingsOf("weather", "majority-py", ["train"]);
      // By the gateway, as from a machine that does not see the folder of artifacts.
      const { JACKFIELD_ARTIFACTS_URL: _, ...others } = settings;
      const command = python(context).python;
      return { command, words: ["majority.py"], settings: { ...others, JACKFIELD_URL: world.url } };
    },
  ],
  [
    "majority-sh",
    async () => ({ command: "bash", words: ["majority.sh"], settings: { JACKFIELD_URL: world.url } }),
  ],
];

const seen = new Set<string>();

test.for(programs)(
  "%s answers train, and predicts as the others do",
  { timeout: 60_000 },
  async ([name, program], context) => {
    seen.add(await sameness(world, await runWith(world, name, await program(context))));
    expect([...seen]).toHaveLength(1);
  },
);

test("a notebook runs it once more, and sees what is different, and what happened", async (context) => {
  const env = { PATH: process.env["PATH"], JACKFIELD_URL: world.url };
  const where = { cwd: examples, env };
  const { stdout } = await promisify(execFile)(python(context).python, ["notebook.py"], where);
  for (const line of [
    /^seattle-3 +fail +0\.394521$/m,
    /^<seattle-4 FAIL {2}accuracy 0\.3945/m,
    /^2 +train +majority-sh +succeeded$/m,
    /^ {2}configuration train\.params\.depth \(nothing → 3\)$/m,
    /^ {2}seed seed \(\d+ → 7\)$/m,
    /^0 rows flipped of 365$/m,
    /^seattle-1 fail\nseattle-2 fail\nseattle-3 fail\nseattle-4 fail$/m,
  ])
    expect(stdout).toMatch(line);
}, 60_000);
