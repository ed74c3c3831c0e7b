import { defaultOrganization } from "@jackfield/spec/event/names";
import type { SplitRule } from "@jackfield/spec/project/rules";

/** What holds when a project file does not say it. Every value here is printed with the origin `default`. */
export const defaults = {
  organization: defaultOrganization,
  on: ["code", "data"],
  split: { method: "auto", test: 0.2 } satisfies SplitRule,
  /** Of crash, loss, timeout and exit 75; a command that exits with an error is never tried again. */
  attempts: 3,
  inputs: "parquet",
  /** Metrics of fewer rows say little. */
  sliceRows: 30,
} as const;

/** The table of the README; a test compares them. */
export const defaultsTable: readonly (readonly [key: string, value: string, remark: string])[] = [
  ["organization", `\`${defaults.organization}\``, ""],
  ["subprojects", "one, called like the project", ""],
  ["on", `\`[${defaults.on.join(", ")}]\``, "which facts start the lifecycle"],
  ["workflow", "fetch → split → train → evaluate", "the lifecycle; a workflow of `workflows:` has no `on`"],
  ["bind", "`{}`", "the built-in handler of each capability"],
  ["limits", "none", "as much at once as the handlers can take"],
  ["fetch.key", "content hash", "with a count for equal rows"],
  ["fetch.columns", "inferred", "and recorded with the data version"],
  [
    "split",
    `\`{ by: ${defaults.split.method}, test: ${defaults.split.test} }\``,
    "80/20 stratified; by time if one column holds unique dates; the split says which it chose",
  ],
  ["split.by", "`quota`", "when only a share is said"],
  ["train.params", "`{}`", ""],
  ["train.inputs", `\`${defaults.inputs}\``, "with CSV twins up to 100 MB; above, when a placeholder asks"],
  ["evaluate.metrics", "all that fit the target", "classification or regression"],
  ["evaluate.slices", "by season", "when the split is by ranges of a date column; else none"],
  [
    "evaluate.slices.atLeast",
    `\`${defaults.sliceRows}\` rows`,
    "smaller slices are measured and decide nothing",
  ],
  ["evaluate.season", "`1`", "rows after which a series looks alike; for mase and rmsse"],
  ["gate", "`{}`", "the outcome is printed as no verdict, exit 0"],
  [
    "attempts",
    `\`${defaults.attempts}\` for each capability`,
    "for crash, loss, timeout, exit 75; a command that exits with an error has one; a fail is never retried",
  ],
];
