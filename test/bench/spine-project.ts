import { sourceOfService } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { longType } from "@jackfield/spec/event/type";
import type { AppliedProject, Configuration } from "@jackfield/spec/project/configuration";
import { defaultLifecycle, type Step } from "@jackfield/spec/project/workflow";

export const project = "bench";
export const subproject = "one";
export const filler = "A line that brings an event to the size that events have. ".repeat(8);

export const said = (short: string, parts: Partial<CloudEvent>): CloudEvent => ({
  specversion: "1.0",
  id: short,
  source: "/bench",
  type: longType(short),
  time: new Date().toISOString(),
  datacontenttype: "application/json",
  project,
  ...parts,
});

const configuration: Configuration = {
  fetch: { from: "data.csv" },
  split: { method: "column", column: "date", test: "2015-01-01.." },
  target: "weather",
  train: { command: "true", params: { note: filler }, inputs: "parquet" },
  evaluate: { slices: [] },
  gate: {},
  attempts: {},
};

// The run's name makes each input one of its own: nothing is answered by the cache.
const noop = (name: string, note: string, parts: Partial<Step> = {}): Step => ({
  name,
  capability: "noop",
  needs: [],
  ...parts,
  with: { note, name: "/run/name", ...parts.with },
});
const given = "/configuration/train/params/note";

/** One foreach over so many items. */
const wide = (items: number): Step[] => [
  noop("item", given, { foreach: { in: items }, with: { index: "/index" } }),
];

/** What can be asked for by name. */
export const workflows = {
  chain: [noop("a", given), noop("b", "/a/note", { needs: ["a"] }), noop("c", "/b/note", { needs: ["b"] })],
  "wide-2000": wide(2_000),
  "wide-20000": wide(20_000),
  "wide-200000": wide(200_000),
} satisfies Record<string, Step[]>;

const asApplied: AppliedProject = {
  organization: "default",
  project,
  bind: {},
  workflows: Object.fromEntries(
    Object.entries({ [defaultLifecycle.name]: defaultLifecycle.steps, ...workflows }).map(([name, steps]) => [
      name,
      { on: [], steps },
    ]),
  ),
  subprojects: { [subproject]: configuration },
};

export const applied = said("config.applied", {
  source: sourceOfService("projects"),
  data: { version: 1, digest: `sha256:${"0".repeat(64)}`, applied: asApplied },
});
