import { digestOfJson, sha256 } from "@jackfield/spec/event/canonical";
import type { Pinned, RunScope } from "./runs.ts";

/** The split's seed belongs to the subproject, not to the run, so that runs compare row by row: 31 bits. */
export const splitSeedOf = ({ project, subproject }: RunScope): number =>
  sha256(JSON.stringify(["split", project, subproject ?? null])).readUInt32BE(0) >>> 1;

/**
 * What makes another run comparable, and gives it the same seed: configuration, data and code, neither seed nor
 * bindings. Data are named by what the client uploaded, else by the source's own name.
 */
export const runConfigurationOf = (
  scope: RunScope,
  pinned: Pick<Pinned, "workflow" | "configuration" | "files" | "code" | "inputs">,
): string =>
  digestOfJson({
    project: scope.project,
    subproject: scope.subproject ?? null,
    workflow: pinned.workflow,
    configuration: pinned.configuration ?? null,
    files: Object.fromEntries(Object.entries(pinned.files).map(([step, { digest }]) => [step, digest])),
    code: pinned.code?.tree.digest ?? null,
    inputs: pinned.inputs ?? null,
  });
