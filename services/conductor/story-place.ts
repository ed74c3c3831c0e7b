import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Place } from "./story-world.ts";

interface Servers {
  natsUrl: string;
  database: { url: string; drop(): Promise<void> };
  prefix: string;
}

/** A place for one story on servers that are there; `clear` leaves nothing of it. */
export async function makePlace({
  natsUrl,
  database,
  prefix,
}: Servers): Promise<Place & { clear(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "jackfield-conductor-"));
  return {
    natsUrl,
    adminUrl: database.url,
    artifactsUrl: pathToFileURL(folder).href,
    prefix,
    clear: async () => {
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
