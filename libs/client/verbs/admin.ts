import { Problem } from "@jackfield/problem/problem";
import { exit } from "../exit.ts";
import { loadLauncher } from "../launcher.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "admin",
  group: "admin",
  takes: "SUB",
  does: "`service NAME` runs one service, as in a container",
  flags: {},
  run: async ({ refs, out, environment, signal }) => {
    const [sub, name, ...more] = refs;
    if (sub !== "service" || name === undefined || more.length > 0)
      throw new Problem("E_USAGE", "admin takes: service NAME", { next: "jackfield admin service tracker" });
    const { startOne } = await loadLauncher();
    const service = await startOne(name, { ...environment });
    out.say(`${name} is up; Ctrl-C stops`);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await service.stop();
    return exit.pass;
  },
};
