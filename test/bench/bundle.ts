import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/**
 * Bundles the programs that figures start as the production build does, so that neither side pays for a compiler at run
 * time. They lie below node_modules, where what stays outside a bundle is found. Answers with their folder.
 */
export async function bundlePrograms(house: string): Promise<string> {
  const sources = join(house, "test/bench/programs");
  const outdir = join(house, "node_modules/.cache/jackfield-bench");
  await mkdir(outdir, { recursive: true });
  const names = await readdir(sources);
  await build({
    entryPoints: names.filter((name) => name.endsWith(".ts")).map((name) => join(sources, name)),
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
  });
  return outdir;
}
