import { z } from "zod";
import { descriptor, digest } from "../event/artifact.ts";
import { outcome } from "../event/outcome.ts";
import { mostItems } from "./workflow.ts";

/** JSON lines: what a list in an artifact is, and what a foreach leaves. */
export const jsonLinesType = "application/jsonl";

const itemCount = z.int().min(0).max(mostItems);

/** `foreach.triggered`, `data.inputs`: how many items there are, and the artifact they stand in, a line each. */
export const foreachInputs = z
  .object({ items: itemCount, list: digest.optional() })
  .meta({ id: "ForeachInputs" });

/** `foreach.finished`, `data.outputs`: how many items ended how, and one line for each in the order of the list. */
export const foreachOutputs = z
  .object({ items: itemCount, outcomes: z.partialRecord(outcome, itemCount), outputs: descriptor })
  .meta({ id: "ForeachOutputs" });

/** A line of what a foreach leaves; what could not run has no outputs. */
export const itemLine = z
  .object({ index: itemCount, outcome, outputs: z.record(z.string(), z.unknown()).optional() })
  .meta({ id: "ItemLine" });

export type ForeachInputs = z.output<typeof foreachInputs>;
export type ForeachOutputs = z.output<typeof foreachOutputs>;
export type ItemLine = z.output<typeof itemLine>;
