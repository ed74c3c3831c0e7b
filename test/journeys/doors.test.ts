// Tools that are not ours take the trainer's place: a bash script behind the pull door, a program by the SDK.
import { spawn, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { handlerRegistered } from "@jackfield/spec/facts/handler";
import { getHandlers } from "@jackfield/spec/http/handlers";
import { until } from "../bed/until.ts";
import { atTheEnd, collect, house, jackfield, projectWith, stopProcess, weather, World } from "./world.ts";

/** It never rains when nothing falls. */
const script = `set -euo pipefail
say() { printf '{"fraction":%s,"message":"%s"}\\n' "$1" "$2" >> "$JACKFIELD_PROGRESS"; }
say 0.1 "looking at the rain"
column=$(head -1 "$JACKFIELD_IN_TEST_CSV" | tr , '\\n' | grep -n '^precipitation$' | cut -d: -f1)
echo "precipitation > 0" > "$JACKFIELD_OUT/model.txt"
awk -F, -v c="$column" 'NR == 1 { print "__row_id,prediction"; next }
  { print $1 "," ($c > 0 ? "rain" : "sun") }' "$JACKFIELD_IN_TEST_CSV" > "$JACKFIELD_OUT/predictions.csv"
say 1 "done"
`;

let world: World;

beforeAll(async () => {
  const file = await readFile(join(weather, "jackfield.yaml"), "utf8");
  const files = { "jackfield.yaml": file, "rain.sh": script, "train.mjs": "process.exit(1);" };
  world = await World.begin({ folder: await projectWith("node train.mjs", files) });
  await world.did("apply");
});

/** Starts a handler in a process of its own, and waits until it is known. */
async function handler(
  name: string,
  words: string[],
  settings: Record<string, string>,
): Promise<ChildProcess> {
  const child = spawn(process.execPath, words, {
    cwd: world.folder,
    env: { PATH: process.env["PATH"], ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  atTheEnd(() => stopProcess(child));
  const said = collect(child);
  const known = world.happened("handler.registered", ({ data }) => {
    return handlerRegistered.data.parse(data).handler === name;
  });
  await known.catch((error: unknown) => {
    throw new Error(`${name} did not come: ${said.out}${said.err}`, { cause: error });
  });
  return child;
}

/** One run with this trainer: its verdict, as the finished evaluation tells it. */
async function runWith(name: string): Promise<string> {
  await world.did("bind", `train=${name}`);
  const { exit, out, err } = await world.type("run", "weather/seattle", "--no-cache");
  expect([0, 5], err + out).toContain(exit);
  const shown = await world.type("show", "@last", "--json");
  expect(shown.out).toContain(`"handler":"${name}"`);
  return /accuracy (0\.\d+).*gate/.exec(out)?.[1] ?? out;
}

test("a bash script takes the trainer's place, tells how far it is, and leaves in order", async () => {
  const words = [jackfield, "handle", "train", "--name", "bashful", "--", "bash", "rain.sh"];
  const child = await handler("bashful", words, { JACKFIELD_URL: world.url });
  expect(Number(await runWith("bashful"))).toBeGreaterThan(0.7);
  const progress = await world.happened("train.progressed", ({ handler: by }) => by === "bashful");
  expect(progress.data).toMatchObject({ message: "looking at the rain" });
  await stopProcess(child);
  expect(child.exitCode).toBe(0);
  await until("bashful to be gone", async () => {
    const answer = await fetch(`${world.url}/v1/handlers?project=weather`);
    const { handlers } = getHandlers.answer.parse(await answer.json());
    return handlers.some((each) => each.handler === "bashful" && !each.alive);
  });
});

test("a program by the SDK takes it, too", async () => {
  const settings = await world.settingsOf("weather", "logistic", ["train"]);
  const program = join(house, "dist/examples/weather/logistic.mjs");
  await handler("logistic", [program], settings);
  expect(Number(await runWith("logistic"))).toBeGreaterThan(0.75);
});
