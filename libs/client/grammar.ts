/** Every verb that Jackfield will ever have, in the order of `--help`; one exists when its file in `verbs/` does. */
export const groups = {
  start: ["up", "init", "login", "doctor"],
  declare: ["apply", "bind"],
  work: ["run", "emit", "handle", "reproduce"],
  decide: ["approve", "promote", "rollback"],
  steer: ["pause", "resume", "abort", "retry"],
  see: ["tail", "ls", "show", "logs", "why", "diff", "pull"],
  admin: ["admin"],
} as const;

export type Group = keyof typeof groups;

export const allVerbs: readonly string[] = Object.values(groups).flat();

/** Words that people bring from other tools → what they are looking for. */
export const broughtWords: Readonly<Record<string, string>> = {
  plan: "jackfield apply --dry-run",
  get: "jackfield show REF, or jackfield ls",
  describe: "jackfield show REF",
  status: "jackfield ls",
  ps: "jackfield ls runs",
  cancel: "jackfield abort REF",
  stop: "jackfield abort REF for a run, jackfield up --stop for the servers",
  list: "jackfield ls",
  watch: "jackfield tail",
  trace: "jackfield why REF --chain",
  deploy: "promote, which this release does not have yet",
  hpo: "a search, which this release does not have yet",
};
