import pg from "pg";
import { clientSettings, type DatabaseSettings } from "./database.ts";
import { reachable } from "./reach.ts";

/** One connection of its own, for work that must not share one: locks, migrations. Ended when `work` is done. */
export async function withClient<T>(
  settings: DatabaseSettings,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(clientSettings(settings));
  client.on("error", () => undefined);
  await reachable(settings.url, () => client.connect());
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
