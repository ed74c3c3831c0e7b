// What has no time in every run: Go, which compiles its standard library first, and a model of 200 MB.
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test, type TestContext } from "vitest";
import { examples, runWith, sameness, weatherWorld, type Program } from "./majority.ts";
import { emptyFolder, type World } from "./world.ts";

const execute = promisify(execFile);
const limitMs = 600_000;
const modelBytes = 200_000_000;

let world: World;

beforeAll(async () => {
  world = await weatherWorld({ isolate: true });
}, limitMs);

async function compiled({ skip }: TestContext): Promise<string> {
  await execute("go", ["version"]).catch(() => skip("there is no go on this machine"));
  const program = join(await emptyFolder(), "majority");
  await execute("go", ["build", "-o", program, "majority.go"], { cwd: examples });
  return program;
}

const bash = (script: string): Program => ({
  command: "bash",
  words: [script],
  settings: { JACKFIELD_URL: world.url },
});

test(
  "majority-go answers train with the standard library alone, and predicts as bash does",
  { timeout: limitMs },
  async (context) => {
    const command = await compiled(context);
    const settings = { JACKFIELD_URL: world.url };
    const go = await sameness(world, await runWith(world, "majority-go", { command, words: [], settings }));
    expect(await sameness(world, await runWith(world, "majority-sh", bash("majority.sh")))).toBe(go);
  },
);

/** The most memory that the gateway ever took, in bytes. */
async function peakOfGateway(): Promise<number> {
  const { services } = await world.run();
  const pid = services?.find(({ name }) => name === "gateway")?.pid;
  const status = await readFile(`/proc/${String(pid)}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

test(
  "a bash handler returns a model of 200 MB, and the gateway's memory stays flat",
  { timeout: limitMs },
  async () => {
    const source = await readFile(join(examples, "majority.sh"), "utf8");
    const step = '  jq -n --arg token "$token" --argjson model';
    const large = `  head -c ${modelBytes} /dev/zero >>"$work/model"\n${step}`;
    const script = join(await emptyFolder(), "massive.sh");
    expect(source).toContain(step);
    await writeFile(script, source.replace(step, large).replaceAll("majority-sh", "massive-sh"));
    const before = await peakOfGateway();
    const { model } = await runWith(world, "massive-sh", bash(script));
    expect(model.size).toBe(modelBytes + "rain".length);
    expect((await peakOfGateway()) - before).toBeLessThan(64_000_000);
  },
);
