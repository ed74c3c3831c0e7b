// The guide "Plug in your tool" is followed as it stands: its programs are written to files, its commands are typed.
import { spawn } from "node:child_process";
import { delimiter } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { pythonForThisFile } from "../bed/python.ts";
import { follow, folderOfGuide, lineOf, programs, usualPath } from "./guide.ts";
import { atTheEnd, jackfield, stopProcess, World } from "./world.ts";

const python = pythonForThisFile("requirements");
const triedWell = { exit: 0, shown: { outcome: "pass", predictions: { rows: 365 } } };

let folder: string;
beforeAll(async () => {
  folder = await folderOfGuide();
});

test("the guide has a program in bash, one in Python, one in TypeScript", () => {
  expect(Object.keys(programs)).toEqual(["most-frequent.sh", "most_frequent.py", "most-frequent.ts"]);
});

test.each(["bash most-frequent.sh", "npx tsx most-frequent.ts"])(
  "%s passes on the sample",
  async (program) => {
    expect(await follow(`handle train --try -- ${program}`, { folder })).toMatchObject(triedWell);
  },
  60_000,
);

test("python most_frequent.py does, where Python is at hand", async (context) => {
  const path = [python(context).bin, usualPath].join(delimiter);
  expect(await follow("handle train --try -- python", { folder, path })).toMatchObject(triedWell);
}, 60_000);

test("it is plugged in by one binding, and out by another", async () => {
  await using world = await World.begin({ folder });
  await world.did("apply");
  const handler = spawn(process.execPath, [jackfield, ...lineOf("handle train --name")], {
    cwd: folder,
    env: { PATH: usualPath, JACKFIELD_URL: world.url },
    stdio: "ignore",
  });
  atTheEnd(() => stopProcess(handler));
  await world.happened("handler.registered", ({ subject }) => subject === "frequent");
  await world.did(...lineOf("bind train=frequent"));
  await world.did(...lineOf("run weather/seattle"));
  expect(await world.did("show", "@last")).toContain("frequent");
  await world.did(...lineOf("bind train --undo"));
  expect(await world.did("bind")).not.toContain("frequent");
}, 60_000);
