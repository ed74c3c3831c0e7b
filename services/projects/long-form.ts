import { Problem } from "@jackfield/problem/problem";
import type { ProjectFile, SubprojectSettings } from "@jackfield/spec/project/file";
import type { Step } from "@jackfield/spec/project/workflow";
import {
  appliedProject,
  configuration,
  type AppliedProject,
  type Configuration,
  type Origins,
} from "@jackfield/spec/project/configuration";
import { checkConfiguration } from "./check-configuration.ts";
import type { Effects } from "./capabilities.ts";
import { checkShadows } from "./check-shadows.ts";
import { checkWorkflow } from "./check-workflow.ts";
import { defaults } from "./defaults.ts";
import { withReferences, type References } from "./gate-form.ts";
import { examples } from "./file-problem.ts";
import { assemble, entries, lastOfEach, orDefault, originsOf, pointer, type Piece } from "./pieces.ts";
import type { ReadFile } from "./project-file.ts";
import type { Path, Source } from "./source.ts";
import { defaultSlices, splitPieces } from "./split-form.ts";
import { workflowForms, workflowPieces } from "./workflow-form.ts";

/** A project in its long form. `origins` has an entry for each subproject, and `*` for what is the project's own. */
export interface LongForm {
  applied: AppliedProject;
  origins: Record<string, Origins>;
}

/** The settings of the project, then those of the subproject; the later say wins. */
type Level = { settings: SubprojectSettings; path: Path };

/**
 * What people wrote → every value said, each with its origin. Nothing but the file decides, so equal files have equal forms.
 * @throws Problem E_YAML, E_PLACEHOLDER or E_INVALID with the place in the file.
 */
export function longForm(
  { file, source }: ReadFile,
  capabilities: Effects,
  references: References = new Map(),
): LongForm {
  const workflows = workflowForms(file);
  for (const workflow of workflows) checkWorkflow(workflow, source, capabilities);
  const steps = workflows.flatMap((workflow) => workflow.steps);
  const subprojects = Object.entries(file.subprojects ?? { [file.project]: null }).map(
    ([name, settings]) =>
      [
        name,
        oneSubproject(name, { levels: levelsOf(file, name, settings), steps, source, references }),
      ] as const,
  );
  if (subprojects.length === 0)
    throw new Problem("E_YAML", "subprojects names none", {
      here: source.place(["subprojects"]),
      next: "name one, or take the line out: a project without it is its own subproject",
    });
  const own = [
    ...orDefault(said(file, "organization"), ["organization"], defaults.organization),
    ...orDefault(bindPieces(file), ["bind"], {}),
    ...limitPieces(file),
  ];
  const applied = appliedProject.parse({
    ...assemble(own),
    project: file.project,
    workflows: Object.fromEntries(workflows.map(({ name, on, steps }) => [name, { on, steps }])),
    subprojects: Object.fromEntries(subprojects.map(([name, { form }]) => [name, form])),
  });
  checkShadows(applied.bind, (capability) => capabilities.get(capability) ?? "none", source);
  const origins = Object.fromEntries(subprojects.map(([name, form]) => [name, form.origins]));
  const all = [...own, ...workflows.flatMap(workflowPieces)];
  return { applied, origins: { "*": originsOf(all, source.line), ...origins } };
}

const said = ({ organization: value }: ProjectFile, key: "organization"): Piece[] =>
  value === undefined ? [] : [{ at: [key], value, said: [key] }];

/** `train: acme` is short for `train: { to: acme }`. */
const bindPieces = ({ bind }: ProjectFile): Piece[] =>
  Object.entries(bind ?? {}).map(([capability, short]) => {
    const { to, shadows = [] } = typeof short === "string" ? { to: short } : short;
    const value = { ...(to !== undefined && { to }), shadows };
    return { at: ["bind", capability], value, said: ["bind", capability] };
  });

/** Each limit by itself, so that each has its own origin. */
const limitPieces = ({ limits }: ProjectFile): Piece[] =>
  Object.entries(limits ?? {}).flatMap(([key, value]): Piece[] => {
    const at = ["limits", key];
    return typeof value === "number" ? [{ at, value, said: at }] : entries(at, value, at);
  });

const levelsOf = (file: ProjectFile, name: string, settings: SubprojectSettings | null): Level[] => [
  { settings: file, path: [] },
  ...(settings === null ? [] : [{ settings, path: ["subprojects", name] }]),
];

interface Telling {
  levels: Level[];
  /** The steps of all workflows. */
  steps: readonly Step[];
  source: Source;
  references: References;
}

function oneSubproject(
  name: string,
  { levels, steps, source, references }: Telling,
): { form: Configuration; origins: Origins } {
  const capabilities = [...new Set(steps.map(({ capability }) => capability))];
  const split = lastOf(levels, "split");
  const pieces = lastOfEach([
    ...fetchPieces(levels),
    ...splitPieces(split?.value, split?.path ?? [], source),
    ...targetPieces(levels),
    ...trainPieces(levels, source),
    ...evaluatePieces(levels),
    ...orDefault(gatePieces(levels, references), ["gate"], {}),
    ...capabilities.map((capability) => ({
      at: ["attempts", capability],
      value: defaults.attempts,
    })),
    ...attemptPieces(levels),
  ]);
  for (const key of ["fetch", "target"]) {
    const isRead = steps.some((step) => readsConfiguration(step, key));
    if (isRead && !pieces.some(({ at }) => at[0] === key)) throw missing(key, name, levels, source);
  }
  const form = configuration.parse(assemble(pieces));
  const places = new Map(pieces.map((piece) => [pointer(piece.at), piece.said]));
  checkConfiguration(form, capabilities, (at) => {
    const path = places.get(pointer(at));
    return path === undefined ? undefined : source.place(path);
  });
  return { form, origins: originsOf(pieces, source.line) };
}

/** A value that no step takes need not be said. */
const readsConfiguration = (step: Step, key: string): boolean =>
  Object.values(step.with).some((pointer) => `${pointer}/`.startsWith(`/configuration/${key}/`));

function missing(key: string, name: string, levels: Level[], source: Source): Problem {
  const next = examples[key];
  return new Problem("E_YAML", `${key} is missing for subproject ${name}`, {
    here: source.place(levels.at(-1)?.path ?? []),
    ...(next !== undefined && { next }),
  });
}

function lastOf<Key extends keyof SubprojectSettings>(
  levels: Level[],
  key: Key,
): { value: NonNullable<SubprojectSettings[Key]>; path: Path } | undefined {
  return levels
    .flatMap(({ settings, path }) => {
      const value = settings[key];
      return value === undefined ? [] : [{ value, path: [...path, key] }];
    })
    .at(-1);
}

/** A map whose keys are free: a subproject adds to it and overrides key by key. */
const attemptPieces = (levels: Level[]): Piece[] =>
  levels.flatMap(({ settings, path }) => entries(["attempts"], settings.attempts, [...path, "attempts"]));

const gatePieces = (levels: Level[], references: References): Piece[] =>
  levels.flatMap(({ settings: { gate = {} }, path }) =>
    Object.entries(gate).map(([metric, written]) => ({
      at: ["gate", metric],
      value: withReferences(metric, written, references),
      said: [...path, "gate", metric],
    })),
  );

function fetchPieces(levels: Level[]): Piece[] {
  const found = lastOf(levels, "fetch");
  if (found === undefined) return [];
  const { value, path } = found;
  return typeof value === "string"
    ? [{ at: ["fetch", "from"], value, said: path }]
    : entries(["fetch"], value, path);
}

function targetPieces(levels: Level[]): Piece[] {
  const found = lastOf(levels, "target");
  return found === undefined ? [] : [{ at: ["target"], value: found.value, said: found.path }];
}

function trainPieces(levels: Level[], source: Source): Piece[] {
  const fields = levels.flatMap(({ settings: { train }, path }) => {
    if (train === undefined) return [];
    if (typeof train === "string")
      return [{ at: ["train", "command"], value: train, said: [...path, "train"] }];
    return entries(["train"], train, [...path, "train"]).filter(({ at }) => at[1] !== "params");
  });
  const params = levels.flatMap((level) => paramsOf(level, source));
  return [
    ...fields,
    ...orDefault(params, ["train", "params"], {}),
    ...(fields.some(({ at }) => at[1] === "inputs")
      ? []
      : [{ at: ["train", "inputs"], value: defaults.inputs }]),
  ];
}

/** `params:` is short for `train: { params }`; one parameter said in both is a contradiction, not a choice. */
function paramsOf({ settings: { params, train }, path }: Level, source: Source): Piece[] {
  const inner = typeof train === "object" ? train.params : undefined;
  const twice = Object.keys(inner ?? {}).find((key) => Object.hasOwn(params ?? {}, key));
  if (twice !== undefined)
    throw new Problem("E_YAML", `The parameter ${twice} is said twice`, {
      here: source.placeOfKey([...path, "params", twice]),
      why: `it stands in train.params too, at ${source.placeOfKey([...path, "train", "params", twice])}`,
      next: "keep one of the two",
    });
  const at = ["train", "params"];
  return [...entries(at, params, [...path, "params"]), ...entries(at, inner, [...path, "train", "params"])];
}

function evaluatePieces(levels: Level[]): Piece[] {
  const pieces = levels.flatMap(({ settings, path }) =>
    entries(["evaluate"], settings.evaluate, [...path, "evaluate"]),
  );
  if (pieces.some(({ at }) => at[1] === "slices")) return pieces;
  return [...pieces, { at: ["evaluate", "slices"], value: defaultSlices(lastOf(levels, "split")?.value) }];
}
