import { sourceOfService } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { CapabilityEntry } from "@jackfield/spec/event/contract";

/** Capability → its contract, as far as deciding needs it. */
export type Catalogue = ReadonlyMap<string, CapabilityEntry>;

export const catalogueOf = (entries: readonly CapabilityEntry[]): Catalogue =>
  new Map(entries.map((entry) => [entry.name, entry]));

export const ownSource = sourceOfService("conductor");
const projectsSource = sourceOfService("projects");

export const isOwn = (event: CloudEvent): boolean => event.source === ownSource;
export const isOfProjects = (event: CloudEvent): boolean => event.source === projectsSource;
