import { pathToFileURL } from "node:url";

/**
 * `jackfield up` in a folder of its own on free ports, by the launcher of the production build; the command itself takes
 * free ports only together with a temporary folder, which is never warm. Says run.json when it is up.
 *
 * node up.mjs <launcher.mjs> <folder> [comma-separated services, or none]
 */
const [launcher = "", folder = "", services] = process.argv.slice(2);

interface Launcher {
  freePorts: object;
  up(options: object): Promise<{ run: object; notReady: string[]; stop(): Promise<void> }>;
}

// The build gives no types; deploy/launcher.ts is the source.
const { up, freePorts } = (await import(pathToFileURL(launcher).href)) as Launcher;
const only = services === undefined ? {} : { services: services.split(",").filter(Boolean) };
const running = await up({ folder, ports: freePorts, ...only });
process.send?.({ run: running.run, notReady: running.notReady });
// Without services nothing else would keep it running.
const staying = setInterval(() => undefined, 3_600_000);
process.once("SIGTERM", () => {
  clearInterval(staying);
  void running.stop().then(() => process.exit(0));
});
