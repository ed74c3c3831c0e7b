import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Problem } from "@jackfield/problem/problem";
import { getHandlers } from "@jackfield/spec/http/handlers";
import type { Up } from "./launcher.ts";
import { handlerSettings } from "./nats-authority.ts";

const program = fileURLToPath(new URL("../examples/weather/logistic.mjs", import.meta.url));

/** Starts the other trainer as a process of its own, as a stranger would, and waits until it is heard. */
export async function startLogistic(
  { url, run }: Up,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<AsyncDisposable> {
  const logistic = { project: "weather", handler: "logistic", capabilities: ["train"] };
  const child = spawn(process.execPath, [program], {
    env: {
      PATH: environment["PATH"],
      ...run.settings,
      ...(await handlerSettings(run, { kind: "handler", ...logistic })),
      JACKFIELD_PROJECT: logistic.project,
      JACKFIELD_LOG_LEVEL: "error",
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exited = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await exited;
  };
  const deadline = performance.now() + 10_000;
  while (!(await isAlive(url))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Problem("E_HANDLER_LOST", "The handler logistic did not come up", { here: program });
    }
    await delay(20);
  }
  return { [Symbol.asyncDispose]: stop };
}

async function isAlive(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/v1/handlers?project=weather`);
  if (!answer.ok) return false;
  const { handlers } = getHandlers.answer.parse(await answer.json());
  return handlers.some(({ handler, alive }) => handler === "logistic" && alive);
}
