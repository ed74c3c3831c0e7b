/**
 * Every failure the system can name. A *refusal* is never retried: the same question gets the same answer.
 * A *trouble* may pass: the conductor retries it as far as the task's attempts allow.
 */
export type Kind = "refusal" | "trouble";

export const catalogue = {
  E_USAGE: { kind: "refusal", meaning: "A command, flag or argument is not understood" },
  E_AMBIGUOUS: { kind: "refusal", meaning: "A ref names several things" },
  E_NOT_FOUND: { kind: "refusal", meaning: "Nothing of that name exists" },
  E_NO_LISTENER: { kind: "refusal", meaning: "Nothing reacted to an event" },
  E_NO_HANDLER: { kind: "refusal", meaning: "Nobody can answer a capability" },
  E_NO_CAPABILITY: { kind: "refusal", meaning: "No contract of that name is published" },
  E_NOT_YOURS: {
    kind: "refusal",
    meaning: "An event claims a source or a subject that belongs to somebody else",
  },
  E_CONFLICT: { kind: "refusal", meaning: "An event has the key of another one and other content" },
  E_NOT_AN_EVENT: { kind: "refusal", meaning: "Something is no CloudEvent" },
  E_TOO_LARGE: { kind: "refusal", meaning: "An event is over 64 KiB" },
  E_INVALID: { kind: "refusal", meaning: "Content breaks its contract" },
  E_TOKEN_SCOPE: { kind: "refusal", meaning: "A token does not allow this" },
  E_CONFIG: { kind: "refusal", meaning: "A setting of a service is missing or wrong" },
  E_YAML: { kind: "refusal", meaning: "A project file cannot be understood" },
  E_APPLY_RACE: { kind: "refusal", meaning: "Somebody applied another version meanwhile" },
  E_COUNT_CHANGED: {
    kind: "refusal",
    meaning: "What a command would touch is not what was confirmed",
  },
  E_TOO_FAR: {
    kind: "refusal",
    meaning: "A question about the past reaches further than it can be answered",
  },
  E_STATE: { kind: "refusal", meaning: "A thing is not in a state that allows this" },
  E_SHADOW_EFFECT: { kind: "refusal", meaning: "What has effects outside cannot be shadowed" },
  E_TOO_DEEP: { kind: "refusal", meaning: "A chain of events triggers itself" },
  E_TREE_TOO_LARGE: { kind: "refusal", meaning: "A code tree is too large to pack" },
  E_SOURCE: { kind: "refusal", meaning: "A source of data cannot be read" },
  E_SOURCE_OUTSIDE: {
    kind: "refusal",
    meaning: "A source lies outside the folders that the fetch service may read",
  },
  E_FILTER: { kind: "refusal", meaning: "A filter is not understood, or reaches outside its source" },
  E_LIST: { kind: "refusal", meaning: "A foreach cannot go through its list" },
  E_NO_COLUMN: { kind: "refusal", meaning: "A column is missing" },
  E_TYPE: { kind: "refusal", meaning: "A column holds values of another type than declared" },
  E_DUPLICATE_KEY: { kind: "refusal", meaning: "A key names several rows" },
  E_SPLIT_EMPTY: { kind: "refusal", meaning: "A part of a split has no row" },
  E_LEAK: { kind: "refusal", meaning: "A row is on both sides of a split" },
  E_METRIC: { kind: "refusal", meaning: "A metric cannot be computed here" },
  E_NO_PREDICTIONS: { kind: "refusal", meaning: "A trainer left no predictions" },
  E_NO_MODEL: { kind: "refusal", meaning: "A trainer left no model" },
  E_BAD_OUTPUT: { kind: "refusal", meaning: "A command left an output that cannot be read" },
  E_ROWS_MISSING: { kind: "refusal", meaning: "Predictions do not cover the test rows exactly once" },
  E_CLASS_UNSEEN: {
    kind: "refusal",
    meaning: "A class was predicted or asked for that the data do not hold",
  },
  E_PLACEHOLDER: { kind: "refusal", meaning: "A command has a placeholder that stands for nothing" },
  E_COMMAND_NOT_FOUND: { kind: "refusal", meaning: "A command is not on the PATH" },
  E_EXIT: { kind: "refusal", meaning: "A command exited with an error" },
  E_RETRY_LATER: { kind: "trouble", meaning: "A command asked to be tried again" },
  E_CRASHED: { kind: "trouble", meaning: "A command was killed by a signal that is not ours" },
  E_OOM: { kind: "trouble", meaning: "A command used more memory than it may" },
  E_TIMEOUT: { kind: "trouble", meaning: "Work took longer than it may" },
  E_SILENT: { kind: "trouble", meaning: "A handler did not ask for its lease in time" },
  E_NOT_STARTED: { kind: "trouble", meaning: "A handler did not start a task in time" },
  E_LEASE_LOST: { kind: "trouble", meaning: "A handler was told to stop" },
  E_HANDED_BACK: { kind: "trouble", meaning: "A handler shut down and gave its task back" },
  E_HANDLER_LOST: { kind: "trouble", meaning: "A handler is gone" },
  E_ABORTED: { kind: "refusal", meaning: "Somebody aborted the work" },
  E_ARTIFACT_GONE: { kind: "trouble", meaning: "The bytes of an artifact are not there" },
  E_DIGEST: { kind: "refusal", meaning: "Bytes do not have the digest they are named by" },
  E_UNREACHABLE: { kind: "trouble", meaning: "The server cannot be reached" },
  E_STREAM_FULL: { kind: "trouble", meaning: "The stream is full, and takes nothing until it has room" },
  E_STREAM_BEHIND: { kind: "refusal", meaning: "The stream ends before a position that was read from it" },
  E_STORE_DOWN: { kind: "trouble", meaning: "PostgreSQL or NATS does not answer" },
  E_MIGRATION: { kind: "refusal", meaning: "A database migration failed" },
  E_PORT_TAKEN: { kind: "refusal", meaning: "A port is in use by another program" },
  E_NATS_MISSING: { kind: "refusal", meaning: "No nats-server was found, and none could be installed" },
  E_POSTGRES: { kind: "refusal", meaning: "PostgreSQL could not be started" },
  E_RUNNING: { kind: "refusal", meaning: "Jackfield is already up in this folder" },
  E_WAITED: { kind: "trouble", meaning: "What was waited for did not happen in time; the work goes on" },
  E_BROKEN: { kind: "trouble", meaning: "Our own fault" },
} as const satisfies Record<string, { kind: Kind; meaning: string }>;

export type ProblemCode = keyof typeof catalogue;

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(catalogue, code);
