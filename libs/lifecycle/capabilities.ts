import { canonicalJson } from "@jackfield/spec/event/canonical";
import type { CapabilityEntry } from "@jackfield/spec/event/contract";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { factId } from "@jackfield/spec/event/ids";
import { longType, parseType } from "@jackfield/spec/event/type";
import { capabilityPublished } from "@jackfield/spec/facts/capability";
import { Problem } from "@jackfield/problem/problem";
import { freeEvent } from "./own-event.ts";
import type { Catalogue } from "./facts.ts";
import type { Change, Entry, State } from "./state.ts";

type Known = Pick<State, "capabilities">;

/** Every contract in force: ours, and what was published. */
export const catalogueIn = ({ capabilities }: Known, builtIn: Catalogue): Catalogue => ({
  get: (name) => builtIn.get(name) ?? capabilities.get(name)?.entry,
  has: (name) => builtIn.has(name) || capabilities.get(name) !== undefined,
  keys: () => new Set([...builtIn.keys(), ...names(capabilities.values())]).values(),
});

const names = (rows: Iterable<{ entry: CapabilityEntry }>): string[] =>
  [...rows].map(({ entry }) => entry.name);

/** Of two facts about one version the first in the stream stands. */
export function foldCapability(state: State, { event }: Entry): Change[] {
  const said = capabilityPublished.data.safeParse(event.data);
  if (!said.success) return [];
  const { contract: entry, by } = said.data;
  const before = state.capabilities.get(entry.name)?.entry;
  if (before !== undefined && before.version >= entry.version) return [];
  return [{ table: "capabilities", key: entry.name, row: { entry, by, since: event.time } }];
}

interface Publishing {
  contract: CapabilityEntry;
  by?: string | undefined;
  reason?: string | undefined;
}

/** What our own events are about cannot be a verb, and what a verb publishes cannot be what we say ourselves. */
interface Ours {
  builtIn: Catalogue;
  /** The subjects of all our facts: run, binding, … */
  subjects: ReadonlySet<string>;
}

/** Words that mean something else where a capability stands. */
const taken: readonly string[] = ["foreach", "task"];
/** Facts of ours that a verb of others may lead to as well. */
const forAll: readonly string[] = ["dataset.published", "model.published"];

/**
 * The fact that makes a contract one that everybody knows; undefined when the same one is in force.
 * @throws Problem E_STATE, E_CONFLICT, E_NOT_YOURS
 */
export function publication(
  state: Known,
  { contract, by, reason }: Publishing,
  { builtIn, subjects }: Ours,
  now: string,
): CloudEvent | undefined {
  const { name, version } = contract;
  if (builtIn.has(name) || subjects.has(name) || taken.includes(name))
    throw new Problem("E_STATE", `${name} is a word of Jackfield's own.`, { next: "take another name" });
  checkPublishes(contract, subjects);
  const before = state.capabilities.get(name)?.entry;
  if (before !== undefined && canonicalJson(before) === canonicalJson(contract)) return undefined;
  if (before !== undefined && before.version >= version) throw notHigher(before, contract);
  return freeEvent(
    {},
    {
      type: capabilityPublished.type,
      id: factId(name, version, "published"),
      subject: name,
      now,
      data: { contract, ...(by !== undefined && { by }), ...(reason !== undefined && { reason }) },
    },
  );
}

function checkPublishes({ publishes }: CapabilityEntry, subjects: ReadonlySet<string>): void {
  for (const { fact } of publishes) {
    const { subject = "", predicate } = parseType(longType(fact)) ?? {};
    if (forAll.includes(fact) || (predicate === "published" && !subjects.has(subject))) continue;
    throw new Problem("E_NOT_YOURS", `A capability cannot lead to ${fact}.`, {
      why: `what follows from an answer is ${forAll.join(", ")}, or a subject of your own: explanation.published`,
    });
  }
}

const notHigher = (before: CapabilityEntry, { name, version }: CapabilityEntry): Problem =>
  new Problem("E_CONFLICT", `${name} is published as ${before.version}, and this one is ${version}.`, {
    why: "a contract that was published never changes; a changed one is a higher version",
    next: 'raise it: "version": "1.1.0" where only something was added, "2.0.0" where old handlers no longer fit',
  });
