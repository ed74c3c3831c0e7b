import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStage } from "../../libs/client/conformance/open-stage.ts";
import { testHandler, type Checked } from "../../libs/client/conformance/suite.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
export const trainer = file("handlers/train.mjs");
const jackfield = [process.execPath, file("../../libs/client/bin/jackfield.mjs")];
export const answers = file("../../examples/weather/data/seattle-weather.csv");

/** The report on a command, of all checks or of those that are named. */
export async function reportOn(argv: string[], only?: string[]): Promise<Checked[]> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-faulty-"));
  try {
    const { PATH } = process.env;
    const parts = { capability: "train", door: "command", argv, folder, jackfield } as const;
    await using stage = await openStage({ ...parts, environment: { PATH } });
    return await testHandler(stage, only === undefined ? {} : { only });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
