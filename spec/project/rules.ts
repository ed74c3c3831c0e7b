import { z } from "zod";
import { columnType } from "../event/artifact.ts";

/** What fetch reads. Short form: the path alone. */
export const fetchRule = z
  .object({
    /** A path beside the project file (the client uploads it), or an absolute path inside the fetch service's roots. */
    from: z.string().min(1),
    format: z.enum(["csv", "parquet", "json"]).optional(),
    /** Columns that must be there, with their types; what is not declared is inferred and recorded. */
    columns: z.record(z.string(), columnType).optional(),
    /** One boolean SQL expression over the columns. */
    where: z.string().optional(),
    sort: z.array(z.string()).optional(),
    limit: z.int().min(1).max(2_147_483_647).optional(),
    /** The column or columns that name a row; without it a row is named by its content. */
    key: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  })
  .meta({ id: "FetchRule" });

const share = z.number().gt(0).lt(1);

/** A range `a..b` (either side may be open, both ends are inside), or a list of values. */
export const valueRange = z.union([z.string().min(1), z.array(z.union([z.string(), z.number()])).min(1)]);

/** How rows are parted. `by` is a method, or the name of a column. */
export const splitRule = z
  .discriminatedUnion("method", [
    /** 80/20 stratified; by time when the table has one unique date column. The split says which it chose. */
    z.object({ method: z.literal("auto"), test: share }),
    z.object({ method: z.literal("quota"), test: share, stratify: z.string().optional() }),
    z.object({
      method: z.literal("column"),
      column: z.string(),
      test: valueRange,
      train: valueRange.optional(),
    }),
    z.object({ method: z.literal("hash"), test: share, key: z.string().optional() }),
  ])
  .meta({ id: "SplitRule" });

/** Rows that are judged apart: by the value of a column, by season of a date, or by bins of a number. */
export const sliceRule = z
  .object({
    name: z.string(),
    column: z.string(),
    by: z.enum(["value", "season", "quartile"]),
    /** Fewer rows are measured, and decide nothing. */
    atLeast: z.int().min(1).max(2_147_483_647).default(30),
  })
  .meta({ id: "SliceRule" });

const conditionFields = {
  /** `">= 0.80"`, or beside a run: `">= seattle-57 - 0.01"`, `"<= seattle-57 + 5%"`. */
  is: z.string(),
  /** What it is a warning with, and no failure: a weaker condition. */
  warning: z.string().optional(),
  /** What it gives to the score. */
  weight: z.number().gt(0).max(1_000_000).optional(),
  /** When it fails, no score helps. */
  key: z.boolean().optional(),
  /** Asked of each slice of this name instead of all rows. */
  slices: z.string().optional(),
};

const orSeveral = <Item extends z.ZodType>(item: Item) => z.union([item, z.array(item).min(1)]);

/** A gate as people write it. A condition is a text, its `is`, or says more than that. */
export const gateShort = z.record(
  z.string(),
  orSeveral(z.union([z.string(), z.strictObject(conditionFields)])),
);

/** A condition that names runs holds what they had measured when it was applied, so that it never moves. */
export const gateCondition = z
  .union([
    z.string(),
    z.strictObject({ ...conditionFields, references: z.record(z.string(), z.number()).optional() }),
  ])
  .meta({ id: "GateCondition" });

/**
 * Metric → one condition or several. `score` is the share of the weight that holds, a warning counting half; where a
 * condition on it is said it decides, with those that are key; else each condition does.
 */
export const gateRule = z.record(z.string(), orSeveral(gateCondition)).meta({ id: "GateRule" });

/** After so many rows a series is expected to look alike again. */
export const season = z.int().min(1).max(1_000_000);

/** What nobody needs a model for, learned from train: its most frequent classes (several when tied), mean and median. */
export const usualAnswer = z
  .object({
    classes: z.array(z.string()).min(1).optional(),
    mean: z.number().optional(),
    median: z.number().optional(),
    /** Of repeating what was one season before, where train is a series that ends before test begins. */
    naive: z
      .object({ column: z.string(), season: z.int().min(1), mae: z.number().min(0), mse: z.number().min(0) })
      .optional(),
  })
  .meta({ id: "UsualAnswer" });

export const parameters = z.record(z.string(), z.json()).meta({ id: "Parameters" });

export type FetchRule = z.output<typeof fetchRule>;
export type SplitRule = z.output<typeof splitRule>;
export type SliceRule = z.output<typeof sliceRule>;
export type GateRule = z.output<typeof gateRule>;
export type Parameters = z.output<typeof parameters>;
