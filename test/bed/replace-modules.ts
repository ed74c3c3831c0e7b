import { realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

const house = fileURLToPath(new URL("../..", import.meta.url));
const looking = Symbol("looking");

export interface Replacing {
  plugin: Plugin;
  /** Those that took no place in any build so far: nobody imports what they replace. */
  unused(): string[];
}

/**
 * Whoever imports a module of the house (`libs/events/publish.ts`) gets the file that replaces it; that file itself may
 * import the original.
 */
export function replaceModules(replacements: Readonly<Record<string, string>>): Replacing {
  const byOriginal = new Map(
    Object.entries(replacements).map(([original, file]) => [realpathSync(join(house, original)), file]),
  );
  const files = new Set(byOriginal.values());
  const names = [...byOriginal.keys()].map((path) => basename(path, ".ts"));
  const unused = new Set(files);
  const plugin: Plugin = {
    name: `replace ${names.join(", ")}`,
    setup: ({ onResolve, resolve }) => {
      onResolve({ filter: new RegExp(`(^|/)(${names.join("|")})(\\.ts)?$`) }, async (asked) => {
        if (asked.pluginData === looking || files.has(asked.importer)) return undefined;
        const { importer, resolveDir, kind } = asked;
        const found = await resolve(asked.path, { importer, resolveDir, kind, pluginData: looking });
        const path = byOriginal.get(found.path);
        if (path === undefined) return undefined;
        unused.delete(path);
        return { path };
      });
    },
  };
  return { plugin, unused: () => [...unused] };
}
