import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { webhookSecret } from "@jackfield/spec/http/webhook-signature";
import { createProgram } from "./program.ts";
import { pullSide, webhookSide } from "./sides.ts";
import type { DoorName, Stage } from "./stage.ts";
import { openWorld } from "./open-world.ts";

export interface StageParts {
  capability: string;
  door: Exclude<DoorName, "nats">;
  /** The command that is tested, or the program that is to be started; empty: somebody else started it. */
  argv: readonly string[];
  /** Where it starts. */
  folder: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** How the jackfield command is started: it is the wrapper of a command. */
  jackfield: readonly string[];
  /** The name under which a program comes in. */
  name?: string | undefined;
  url?: string | undefined;
  slow?: boolean;
  /** What whoever starts the program by hand has to give it. */
  onWaiting?: (variables: Record<string, string>) => void;
}

const usualSeconds = 60;
const slowSeconds = 600;
/** Beyond the limit of a task: to stop it, and to say so. */
const moreSeconds = 15;
const underTest = "under-test";

/** A world, a way in, and the program under test, not yet started. */
export async function openStage(parts: StageParts): Promise<Stage & AsyncDisposable> {
  const { capability, door, folder, argv, url, name: handler = underTest } = parts;
  const finishSeconds = parts.slow === true ? slowSeconds : usualSeconds;
  const world = await openWorld(capability, { finishSeconds });
  const temporary = await mkdtemp(join(tmpdir(), "jackfield-test-"));
  const secret = parts.environment["JACKFIELD_WEBHOOK_SECRET"] ?? webhookSecret(randomBytes(32));
  const variables = { JACKFIELD_URL: world.url, JACKFIELD_WEBHOOK_SECRET: secret };
  const wrapped = door === "command" ? [...parts.jackfield, ...asHandler(capability, argv)] : argv;
  const environment = { ...parts.environment, ...variables, TMPDIR: temporary };
  const program = createProgram({ argv: wrapped, folder, environment, mark: temporary });
  const side = url === undefined ? pullSide(world) : webhookSide(world, { url, secret });
  if (wrapped.length === 0) parts.onWaiting?.(variables);
  const before = await filesIn(folder);
  return {
    door,
    world,
    handler,
    side,
    patienceMs: (finishSeconds + moreSeconds) * 1_000,
    ...(wrapped.length > 0 && { program }),
    touched: async () => (door === "command" ? changedFiles(before, await filesIn(folder)) : []),
    [Symbol.asyncDispose]: async () => {
      await side[Symbol.asyncDispose]();
      await program.kill();
      await world[Symbol.asyncDispose]();
      await rm(temporary, { recursive: true, force: true });
    },
  };
}

const asHandler = (capability: string, argv: readonly string[]): string[] => [
  ...["handle", capability, "--name", underTest, "--project", "conformance", "--concurrency", "1"],
  ...["--", ...argv],
];

/** Files of a folder and when they were last written; what a tool keeps for itself is left out. */
async function filesIn(folder: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile() || entry.name.startsWith(".")) continue;
    const known = await stat(join(folder, entry.name)).catch(() => undefined);
    if (known !== undefined) found.set(entry.name, known.mtimeMs);
  }
  return found;
}

const changedFiles = (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] =>
  [...after].filter(([name, writtenMs]) => before.get(name) !== writtenMs).map(([name]) => name);
