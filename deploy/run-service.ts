import { asProblem, reportOf, type Problem } from "@jackfield/problem/problem";
import { printProblem } from "@jackfield/problem/print";
import { createHealth, serveHealth } from "@jackfield/service/health";
import { startOne } from "./start-one.ts";

/** `node run-service.mjs <name>`: one service in a process of its own. A launcher that dies takes it along. */
const [name = ""] = process.argv.slice(2);
const stopping = new AbortController();
try {
  const health = createHealth();
  const door = await serveHealth(health, { port: Number(process.env["JACKFIELD_HEALTH_PORT"] ?? 0) });
  const onWaiting = ({ message }: Problem): void => void process.stderr.write(`${message}\n`);
  const starting = startOne(name, process.env, { health, onWaiting, signal: stopping.signal });
  const stop = (): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    // When NATS and PostgreSQL went away first, there is nothing left that could be flushed to them.
    setTimeout(() => process.exit(1), 8_000).unref();
    void starting
      .then((service) => service.stop())
      .catch(() => undefined)
      .then(() => door.close())
      .finally(() => process.exit(0));
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, stop);
  process.on("disconnect", stop);
  process.send?.({ health: `http://127.0.0.1:${door.port}` });
  await starting;
} catch (thrown) {
  if (!stopping.signal.aborted) {
    process.stderr.write(`${printProblem(reportOf(asProblem(thrown)))}\n`);
    process.exit(1);
  }
}
