import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const house = fileURLToPath(new URL("../..", import.meta.url));

export interface Programs {
  /** The folder of the sources, below the house. */
  from: string;
  /** Whose bundles they are: a word for the folder in which they lie. */
  name: string;
  plugins?: Plugin[];
}

/**
 * Bundles programs as the production build does, so that nobody pays for a compiler at run time. They lie below
 * node_modules, where what stays outside a bundle is found. Answers with their folder.
 */
export async function bundlePrograms({ from, name, plugins = [] }: Programs): Promise<string> {
  const sources = join(house, from);
  const outdir = join(house, "node_modules/.cache", name);
  await mkdir(outdir, { recursive: true });
  const names = await readdir(sources);
  await build({
    entryPoints: names.filter((file) => file.endsWith(".ts")).map((file) => join(sources, file)),
    absWorkingDir: house,
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "warning",
    banner: {
      js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
    },
    external: ["@duckdb/*", "pg-native", "@opentelemetry/sdk-node"],
    plugins,
  });
  return outdir;
}
