import { existsSync } from "node:fs";
import { Problem } from "@jackfield/problem/problem";
import type * as Demo from "../../deploy/demo.ts";
import type * as Launcher from "../../deploy/launcher.ts";

/** The build keeps every chunk one folder below `dist`, so this is right for each of them; from source it is `deploy/`. */
const besideUs = import.meta.url.endsWith(".ts") ? "../../deploy/" : "../deploy/";
const ending = import.meta.url.endsWith(".ts") ? ".ts" : ".mjs";

/** A program of `deploy/`, loaded only when it is wanted: the command itself stays small. @throws E_CONFIG */
async function loadDeployed(name: string): Promise<unknown> {
  const url = new URL(`${besideUs}${name}${ending}`, import.meta.url);
  if (!existsSync(url)) {
    throw new Problem("E_CONFIG", `This installation has no ${name}`, {
      here: url.pathname,
      next: "npm run setup",
    });
  }
  return import(/* @vite-ignore */ url.href);
}

// What is loaded by path has the type of its file; the compiler has to be told.
export const loadLauncher = async (): Promise<typeof Launcher> =>
  (await loadDeployed("launcher")) as typeof Launcher;

export const loadDemo = async (): Promise<typeof Demo> => (await loadDeployed("demo")) as typeof Demo;
