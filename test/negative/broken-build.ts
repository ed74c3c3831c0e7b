import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Plugin } from "esbuild";
import { build } from "../../deploy/build.mjs";
import { bundlePrograms } from "../bed/bundle.ts";

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
  const replaced = { times: 0 };
  const plugins = [replacing(join(house, original), join(modules, `${broken}.ts`), replaced)];
  const out = join(house, "node_modules/.cache/jackfield-negative", broken);
  await build(house, { out, plugins });
  const name = join("jackfield-negative", `${broken}-handlers`);
  const handlers = await bundlePrograms({ from: "test/faults/programs", name, plugins });
  if (replaced.times === 0) throw new Error(`nobody imports ${original}; ${broken} breaks nothing`);
  return { program: join(out, "client/main.mjs"), handlers };
}

const looking = Symbol("looking");

/** Whoever imports the original gets the broken one, but for the broken one itself. */
function replacing(original: string, broken: string, replaced: { times: number }): Plugin {
  const name = basename(original, ".ts");
  const target = realpathSync(original);
  return {
    name: `broken ${name}`,
    setup: ({ onResolve, resolve: resolveAs }) => {
      onResolve({ filter: new RegExp(`(^|/)${name}(\\.ts)?$`) }, async (asked) => {
        if (asked.pluginData === looking || dirname(asked.importer) === modules) return undefined;
        const { importer, resolveDir, kind } = asked;
        const found = await resolveAs(asked.path, { importer, resolveDir, kind, pluginData: looking });
        if (found.path !== target) return undefined;
        replaced.times += 1;
        return { path: broken };
      });
    },
  };
}
