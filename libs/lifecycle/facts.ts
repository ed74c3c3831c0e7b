import { sourceOfService } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { CapabilityEntry } from "@jackfield/spec/event/contract";

/** Capability → its contract. */
export type Catalogue = Pick<ReadonlyMap<string, CapabilityEntry>, "get" | "has" | "keys">;

export const catalogueOf = (entries: readonly CapabilityEntry[]): ReadonlyMap<string, CapabilityEntry> =>
  new Map(entries.map((entry) => [entry.name, entry]));

export const ownSource = sourceOfService("conductor");
const projectsSource = sourceOfService("projects");

export const isOwn = (event: CloudEvent): boolean => event.source === ownSource;
export const isOfProjects = (event: CloudEvent): boolean => event.source === projectsSource;
