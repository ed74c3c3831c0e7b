import { readdir } from "node:fs/promises";
import { Problem } from "@jackfield/problem/problem";
import type { Service } from "@jackfield/service/define";

/** Services lie beside this folder, as sources and in the build alike: `services/<name>/main.ts`, or `.mjs`. */
const home = new URL("../services/", import.meta.url);

/** The names of all services that there are, found by folder. */
export async function serviceNames(): Promise<string[]> {
  const folders = await readdir(home, { withFileTypes: true });
  const found = await Promise.all(
    folders.map(async (folder) => (folder.isDirectory() ? ((await mainOf(folder.name)) ?? []) : [])),
  );
  return found.flat().map((main) => main.name);
}

async function mainOf(name: string): Promise<{ name: string; url: URL } | undefined> {
  const files = await readdir(new URL(`${name}/`, home)).catch(() => []);
  const file = files.find((candidate) => /^main\.(mjs|ts)$/.test(candidate));
  return file === undefined ? undefined : { name, url: new URL(`${name}/${file}`, home) };
}

/** Loads one service: the value that its main.ts defines. @throws Problem E_NOT_FOUND */
export async function loadService(name: string): Promise<Service> {
  const main = await mainOf(name);
  if (main === undefined) {
    throw new Problem("E_NOT_FOUND", `There is no service ${name}.`, {
      next: `the services are ${(await serviceNames()).join(", ")}`,
    });
  }
  const exported = (await import(/* @vite-ignore */ main.url.href)) as Record<string, unknown>;
  const service = Object.values(exported).find(isService);
  if (service !== undefined) return service;
  throw new Problem("E_BROKEN", `${main.url.pathname} exports no service.`, {
    next: "export what defineService gives",
  });
}

const isService = (value: unknown): value is Service =>
  typeof value === "object" && value !== null && "parts" in value && "stateful" in value && "name" in value;
