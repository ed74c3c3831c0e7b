import catalogueJson from "@jackfield/spec/catalogue.json" with { type: "json" };
import type { LogEntry } from "@jackfield/events/log-entry";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { sourceOfService } from "@jackfield/spec/event/ids";
import { capabilityPublished } from "@jackfield/spec/facts/capability";
import { handlerRegistered } from "@jackfield/spec/facts/handler";
import type { Db } from "./versions.ts";

/** Capability → what it does outside; one that nobody published says nothing of it. */
export type Effects = ReadonlyMap<string, string>;

const builtIn = catalogueJson.map(({ name, effects }): [string, string] => [name, effects]);

/** The capabilities that a workflow can ask for: ours, those that were published, and those that a handler has ever answered. */
export async function knownCapabilities(db: Db): Promise<Effects> {
  const rows = await db.selectFrom("capabilities").select(["name", "effects"]).execute();
  return new Map([...rows.map(({ name, effects }): [string, string] => [name, effects]), ...builtIn]);
}

/** What registrations and publications say; undefined: somebody answers it. Only the conductor says either. */
export function capabilitiesIn(batch: readonly LogEntry[]): ReadonlyMap<string, string | undefined> {
  const said = batch.flatMap(({ event }) =>
    event?.source === sourceOfService("conductor") ? saidIn(event) : [],
  );
  const found = new Map<string, string | undefined>();
  for (const [name, effects] of said) found.set(name, effects ?? found.get(name));
  return found;
}

function saidIn({ type, data }: CloudEvent): [string, string | undefined][] {
  if (type === handlerRegistered.type) {
    const told = handlerRegistered.data.safeParse(data).data?.contracts ?? {};
    return Object.keys(told).map((name) => [name, undefined]);
  }
  if (type !== capabilityPublished.type) return [];
  const published = capabilityPublished.data.safeParse(data).data?.contract;
  return published === undefined ? [] : [[published.name, published.effects]];
}

export async function keepCapabilities(
  db: Db,
  found: ReadonlyMap<string, string | undefined>,
): Promise<void> {
  for (const [name, effects] of found)
    await db
      .insertInto("capabilities")
      .values({ name, effects: effects ?? "none" })
      .onConflict((conflict) =>
        effects === undefined ? conflict.doNothing() : conflict.column("name").doUpdateSet({ effects }),
      )
      .execute();
}
