import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { median } from "./statistics.ts";

/** How often in a second 8 kB (about one commit of PostgreSQL) reach the disk under `folder`; median of 3 tries. */
export async function fsyncsPerSecond(folder: string): Promise<number> {
  const path = join(folder, "fsync");
  const file = await open(path, "w");
  try {
    const tries: number[] = [];
    for (let count = 0; count < 3; count += 1) tries.push(await oneTry(file));
    return Math.round(median(tries));
  } finally {
    await file.close();
    await rm(path);
  }
}

async function oneTry(file: Awaited<ReturnType<typeof open>>): Promise<number> {
  const page = Buffer.alloc(8_192, 1);
  const began = performance.now();
  let count = 0;
  for (; performance.now() - began < 500; count += 1) {
    await file.write(page, 0, page.byteLength, 0);
    await file.datasync();
  }
  return count / ((performance.now() - began) / 1_000);
}
