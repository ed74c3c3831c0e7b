import { join, resolve } from "node:path";
import { build } from "../../deploy/build.mjs";
import { bundlePrograms } from "../bed/bundle.ts";
import { replaceModules } from "../bed/replace-modules.ts";

const house = resolve(import.meta.dirname, "../..");
const modules = join(import.meta.dirname, "modules");

export interface BrokenBuild {
  /** The `jackfield` command of this build. */
  program: string;
  /** The folder of its handlers. */
  handlers: string;
}

/** The production build and the handlers, with one module (`libs/events/subject.ts`) replaced by a broken one. */
export async function brokenBuild(original: string, broken: string): Promise<BrokenBuild> {
  const { plugin, unused } = replaceModules({ [original]: join(modules, `${broken}.ts`) });
  const out = join(house, "node_modules/.cache/jackfield-negative", broken);
  await build(house, { out, plugins: [plugin] });
  const name = join("jackfield-negative", `${broken}-handlers`);
  const handlers = await bundlePrograms({ from: "test/faults/programs", name, plugins: [plugin] });
  if (unused().length > 0) throw new Error(`nobody imports ${original}; ${broken} breaks nothing`);
  return { program: join(out, "client/main.mjs"), handlers };
}
