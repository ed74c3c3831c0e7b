import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach } from "vitest";
import { World, type Place } from "./story-world.ts";

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

interface Bed {
  nats: { url: string };
  freshDatabase(): Promise<Servers["database"]>;
  prefix(): string;
}

/** Gives each story of a file a world of its own, and takes it down after it. */
export function forEachStory({ nats, freshDatabase, prefix }: Bed, give: (world: World) => void): void {
  let end: (() => Promise<void>) | undefined;
  beforeEach(async () => {
    const place = await makePlace({ natsUrl: nats.url, database: await freshDatabase(), prefix: prefix() });
    const world = await World.open(place);
    end = async () => {
      await world[Symbol.asyncDispose]();
      await place.clear();
    };
    give(world);
  });
  afterEach(async () => {
    await end?.();
    end = undefined;
  });
}
