import catalogueJson from "@jackfield/spec/catalogue.json" with { type: "json" };
import type { LogEntry } from "@jackfield/events/log-entry";
import { sourceOfService } from "@jackfield/spec/event/ids";
import { handlerRegistered } from "@jackfield/spec/facts/handler";
import type { Db } from "./versions.ts";

const builtIn = catalogueJson.map(({ name }) => name);

/** What a capability does outside; one that is not ours says nothing of it. */
export const effectsOf = (capability: string): string =>
  catalogueJson.find(({ name }) => name === capability)?.effects ?? "none";

/** The capabilities that a workflow can ask for: ours, and those that a handler has ever answered. */
export async function knownCapabilities(db: Db): Promise<ReadonlySet<string>> {
  const rows = await db.selectFrom("capabilities").select("name").execute();
  return new Set([...builtIn, ...rows.map(({ name }) => name)]);
}

/** The names in the registrations of these entries; only the conductor says who registered. */
export function capabilitiesIn(batch: readonly LogEntry[]): string[] {
  const names = batch.flatMap(({ event }) => {
    if (event?.type !== handlerRegistered.type || event.source !== sourceOfService("conductor")) return [];
    return Object.keys(handlerRegistered.data.safeParse(event.data).data?.contracts ?? {});
  });
  return [...new Set(names)];
}

export async function keepCapabilities(db: Db, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await db
    .insertInto("capabilities")
    .values(names.map((name) => ({ name })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
