import { fileURLToPath } from "node:url";
import { Problem } from "@jackfield/problem/problem";
import { run } from "@jackfield/spec/ask/tracker";
import type { z } from "zod";
import { startLogistic } from "./demo-handler.ts";
import { countEvents, keptLine } from "./demo-count.ts";
import { freePorts, up, type Up } from "./launcher.ts";

export interface DemoParts {
  /** Where `.jackfield` lies. */
  folder: string;
  write: (text: string) => void;
  environment: Readonly<Record<string, string | undefined>>;
  /** The `jackfield` command itself: what the demo shows is what anybody can type. */
  command: (words: readonly string[], around: CommandSurroundings) => Promise<number>;
  isolate?: boolean;
  /** Ctrl-C: the story breaks off, and what was started is stopped. */
  signal: AbortSignal;
}

/** What the command sees of its process. */
export interface CommandSurroundings {
  stdout: { write(text: string | Uint8Array): unknown };
  stderr: { write(text: string | Uint8Array): unknown };
  env: Readonly<Record<string, string | undefined>>;
  cwd(): string;
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
}

const weather = fileURLToPath(new URL("../../examples/weather", import.meta.url));

/**
 * The main job end to end, then one `bind` that swaps the trainer: a run that passes, cached steps, a refused gate, the
 * cause by name, the swap undone. Stops what it started; answers with 0 when everything went as told.
 */
export async function demo(parts: DemoParts): Promise<number> {
  const { write } = parts;
  write(
    "jackfield demo · weather in Seattle, 2012–2015 · real NATS, real PostgreSQL, nothing leaves this machine\n",
  );
  const running = await up({
    folder: parts.folder,
    ports: freePorts,
    // The packages that train.mjs imports lie above the example, not above the demo's data.
    environment: { ...parts.environment, JACKFIELD_ENVIRONMENT: weather },
    ...(parts.isolate === true && { isolate: true }),
  });
  let told: Told | undefined;
  try {
    told = await tellTheStory(parts, running);
  } finally {
    await running.stop();
    const services = running.run.services?.length ?? 0;
    write(`stopped NATS, PostgreSQL and ${services} services; data stays in .jackfield (rm -r to forget)\n`);
  }
  write(tryNext(told));
  return told.asTold ? 0 : 1;
}

interface Told {
  /** The first run passed, the second was refused. */
  asTold: boolean;
  /** The name of the second. */
  refused: string;
}

async function tellTheStory(parts: DemoParts, running: Up): Promise<Told> {
  const { write } = parts;
  const type = typist(parts, running);
  const before = await countEvents(running);
  const nats = running.run.nats?.url.replace("nats://", "") ?? "";
  write(`✓ up in ${(running.tookMs / 1_000).toFixed(1)} s       stream ${nats} · API ${running.url}\n`);
  write(`✓ ${(await type("apply")).text}\n\n  time     who         event\n`);
  const first = await type("run", "weather/seattle", "--no-cache");
  write(`${first.text}\n\nnow one tool is swapped, nothing else:   jackfield bind train=logistic\n`);
  await using _logistic = await startLogistic(running, parts.environment);
  await type("bind", "train=logistic");
  const second = await type("run", "weather/seattle");
  const tree = run.answer.parse(JSON.parse((await type("show", "@last", "--json")).text));
  const [cause = ""] = (await type("diff", previous(tree), tree.run.runname)).text.split("\n");
  await type("bind", "train", "--undo");
  write(`${inShort(tree)}\n  ${cause}\n  jackfield bind train --undo\n\n`);
  write(`${keptLine(before, await countEvents(running), tree.run.tasks.cached)}\n`);
  return { asTold: first.exit === 0 && second.exit === 5, refused: tree.run.runname };
}

type RunTree = z.output<typeof run.answer>;

/** The name of the run before: they are counted. */
const previous = ({ run: { runname } }: RunTree): string =>
  runname.replace(/\d+$/, (count) => String(Number(count) - 1));

/** A run in one line: which steps were cached, who did the others, and the verdict with its reason. */
function inShort({ run: { runname, state }, tasks }: RunTree): string {
  const steps = tasks.map(({ step, cached, attempts }) => {
    const by = attempts.at(-1);
    return cached ? `${step} cached` : `${step} ${by?.handler ?? "?"}@${by?.handlerversion ?? "?"}`;
  });
  const reason = tasks.at(-1)?.attempts.at(-1)?.message ?? "";
  return `  ${runname}   ${steps.join("   ")}   ${state.toUpperCase()}  ${reason}`;
}

const tryNext = ({ refused }: Told): string => `
try next
  npx jackfield up                          leave it running
  npx jackfield why ${refused.padEnd(24)}why did it fail?
  npx jackfield handle train --try -- node examples/weather/train.mjs
`;

interface Typed {
  text: string;
  exit: number;
}

/** Types a command in the project's folder, against the server of the demo; `run` shows its events as they pass. */
const typist =
  ({ command, environment, write, signal }: DemoParts, running: Up) =>
  async (...words: string[]): Promise<Typed> => {
    const said: string[] = [];
    const live = words.includes("--no-cache");
    const exit = await command(words, {
      stdout: { write: (text) => said.push(String(text)) },
      stderr: { write: (text) => (live ? write(withoutAdvice(String(text))) : undefined) },
      env: { ...environment, JACKFIELD_URL: running.url, NO_COLOR: "1" },
      cwd: () => weather,
      on: (_, listener) => signal.addEventListener("abort", listener, { once: true }),
    });
    const text = said.join("").trimEnd();
    if (signal.aborted) throw new Problem("E_ABORTED", "The demo was broken off");
    // 5 is a verdict, which the story is about; anything else means that the story cannot be told.
    if (exit !== 0 && exit !== 5)
      throw new Problem("E_BROKEN", `jackfield ${words.join(" ")} ended with ${exit}`, { why: text });
    return { text, exit };
  };

const withoutAdvice = (text: string): string => (text.startsWith("next:") ? "" : text);
