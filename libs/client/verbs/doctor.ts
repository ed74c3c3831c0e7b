import { allChecks, type Check } from "../checks.ts";
import { exit } from "../exit.ts";
import { loadLauncher } from "../launcher.ts";
import { findProject } from "../project-folder.ts";
import type { Output } from "../output.ts";
import type { Verb } from "../verb.ts";

const colours = { OK: "good", WARN: "strong", FAIL: "bad" } as const;

const line = ({ state, what, is, fix }: Check, out: Output): string =>
  `${out.paint(colours[state], state.padEnd(5))} ${what.padEnd(10)} ${is}${fix === undefined ? "" : `\n      fix: ${fix}`}`;

export const verb: Verb = {
  name: "doctor",
  group: "start",
  does: "what is wrong, with the fix",
  flags: {},
  run: async ({ out, folder, environment }) => {
    const home = findProject(folder)?.folder ?? folder;
    const run = await loadLauncher()
      .then(({ readRun }) => readRun(home))
      // A command without servers beside it still looks at everything else.
      .catch(() => undefined);
    const checks = await allChecks({ folder: home, environment, run });
    out.show(checks, () => checks.map((check) => line(check, out)).join("\n"));
    return checks.some(({ state }) => state === "FAIL") ? exit.ourFault : exit.pass;
  },
};
