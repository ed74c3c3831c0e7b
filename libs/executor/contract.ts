import { Problem } from "@jackfield/problem/problem";

/** The version of the command contract (`JACKFIELD_CONTRACT`). */
export const contractVersion = "1";

/** What a command is told about its task. */
export interface ContractTask {
  capability: string;
  /** The name people use, `seattle-57/train`. */
  task: string;
  run: string;
  project: string;
  subproject: string;
  stage?: string;
  attempt: number;
  role: "primary" | "shadow";
  /** RFC 3339, UTC. */
  deadline?: string;
  /** 0 … 2³¹−1. */
  seed: number;
  target?: string;
  params: Readonly<Record<string, unknown>>;
  /** Input name (`train`, `test`) → its file, and its CSV twin where there is one. */
  inputs: Readonly<Record<string, { path: string; csv?: string }>>;
  traceparent?: string;
  /** Declared `env:` and `secrets:`. */
  declared?: Readonly<Record<string, string>>;
}

/** Where a command finds and leaves things. */
export interface ContractPlaces {
  in: string;
  out: string;
  progress: string;
  home: string;
  tmp: string;
  /** The whole PATH. */
  path: string;
}

/** A fixed instant (1980-01-01, the first that a zip file can hold), so that archives made by a command are equal. */
const sourceDateEpoch = "315532800";

/** The environment of a command: this list and nothing else. @throws E_INVALID when two parameters would have one name. */
export function contractEnvironment(task: ContractTask, places: ContractPlaces): Record<string, string> {
  return {
    ...task.declared,
    PATH: places.path,
    HOME: places.home,
    TMPDIR: places.tmp,
    LANG: "C.UTF-8",
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
    PYTHONHASHSEED: String(task.seed),
    // One thread: sums of floating-point numbers depend on how they are parted.
    OMP_NUM_THREADS: "1",
    OPENBLAS_NUM_THREADS: "1",
    MKL_NUM_THREADS: "1",
    SOURCE_DATE_EPOCH: sourceDateEpoch,
    ...(task.traceparent !== undefined && { TRACEPARENT: task.traceparent }),
    ...taskVariables(task),
    ...inputVariables(task.inputs),
    ...parameterVariables(task.params),
    JACKFIELD_IN: places.in,
    JACKFIELD_OUT: places.out,
    JACKFIELD_PROGRESS: places.progress,
  };
}

function taskVariables(task: ContractTask): Record<string, string> {
  return {
    JACKFIELD_CONTRACT: contractVersion,
    JACKFIELD_CAPABILITY: task.capability,
    JACKFIELD_TASK: task.task,
    JACKFIELD_RUN: task.run,
    JACKFIELD_PROJECT: task.project,
    JACKFIELD_SUBPROJECT: task.subproject,
    ...(task.stage !== undefined && { JACKFIELD_STAGE: task.stage }),
    JACKFIELD_ATTEMPT: String(task.attempt),
    JACKFIELD_ROLE: task.role,
    ...(task.deadline !== undefined && { JACKFIELD_DEADLINE: task.deadline }),
    JACKFIELD_SEED: String(task.seed),
    ...(task.target !== undefined && { JACKFIELD_TARGET: task.target }),
    JACKFIELD_KEY: "__row_id",
  };
}

function inputVariables(inputs: ContractTask["inputs"]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, { path, csv }] of Object.entries(inputs)) {
    variables[`JACKFIELD_IN_${variableName(name)}`] = path;
    if (csv !== undefined) variables[`JACKFIELD_IN_${variableName(name)}_CSV`] = csv;
  }
  return variables;
}

/**
 * Scalar parameters → `JACKFIELD_PARAM_<NAME>`: upper case, other characters `_`. Lists and maps are in `in/params.json` only.
 * @throws E_INVALID when two would have one name.
 */
export function parameterVariables(params: ContractTask["params"]): Record<string, string> {
  const variables: Record<string, string> = {};
  const owners = new Map<string, string>();
  for (const [name, value] of Object.entries(params)) {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") continue;
    const variable = `JACKFIELD_PARAM_${variableName(name)}`;
    const owner = owners.get(variable);
    if (owner !== undefined) {
      throw new Problem("E_INVALID", `The parameters ${owner} and ${name} would both be ${variable}.`, {
        why: "A variable is in upper case, and other characters than letters and digits become _.",
        next: "Rename one of them.",
      });
    }
    owners.set(variable, name);
    variables[variable] = String(value);
  }
  return variables;
}

const variableName = (name: string): string => name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
