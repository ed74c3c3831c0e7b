import { join, resolve } from "node:path";
import { build } from "../../../deploy/build.mjs";
import { bundlePrograms } from "../../bed/bundle.ts";
import { replaceModules } from "../../bed/replace-modules.ts";

const house = resolve(import.meta.dirname, "../../..");
const wrapped = (name: string): string => join(import.meta.dirname, "modules", `${name}.ts`);

/**
 * The production build and the handlers, with the modules in which death is most interesting wrapped: they do what they
 * do, and kill where a test says (`Points`). `name`: whose build it is, so that two test files do not write the same.
 */
export async function mortalBuild(name: string): Promise<{ program: string; handlers: string }> {
  const { plugin, unused } = replaceModules({
    "libs/events/publish.ts": wrapped("publish"),
    "services/conductor/save.ts": wrapped("save"),
    "services/tracker/fold.ts": wrapped("fold"),
    "libs/client/handle/work.ts": wrapped("work"),
  });
  const cache = join("jackfield-mortal", name);
  const out = join(house, "node_modules/.cache", cache, "dist");
  const plugins = [plugin];
  const from = "test/faults/programs";
  const [handlers] = await Promise.all([
    bundlePrograms({ from, name: join(cache, "handlers"), plugins }),
    build(house, { out, plugins }),
  ]);
  if (unused().length > 0) throw new Error(`nobody imports what these wrap: ${unused().join(", ")}`);
  return { program: join(out, "client/main.mjs"), handlers };
}
