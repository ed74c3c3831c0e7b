import { z } from "zod";

/** Could it run? */
export const status = z.enum(["succeeded", "errored", "aborted", "timedout"]).meta({ id: "Status" });
/** The verdict, of what could run. */
export const result = z.enum(["pass", "warning", "fail"]).meta({ id: "Result" });
/** The one word that people see. */
export const outcome = z
  .enum(["pass", "warning", "fail", "errored", "timedout", "aborted"])
  .meta({ id: "Outcome" });

export type Status = z.output<typeof status>;
export type Result = z.output<typeof result>;
export type Outcome = z.output<typeof outcome>;

/** Status and result → outcome. What succeeded without a verdict passed. */
export const outcomeOf = (status: Status, result: Result | undefined): Outcome =>
  status === "succeeded" ? (result ?? "pass") : status;

/** Outcome → the attributes that say it. */
export const attributesOf = (outcome: Outcome): { status: Status; result?: Result } =>
  outcome === "pass" || outcome === "warning" || outcome === "fail"
    ? { status: "succeeded", result: outcome }
    : { status: outcome };

/** Of several outcomes the worst decides, in this order. */
const worstFirst: readonly Outcome[] = ["errored", "timedout", "fail", "aborted", "warning", "pass"];

export const worstOf = (outcomes: readonly Outcome[]): Outcome =>
  worstFirst.find((candidate) => outcomes.includes(candidate)) ?? "pass";

/** Does work that needs this one go on? A fail is a verdict and ends its branch. */
export const goesOn = (outcome: Outcome): boolean => outcome === "pass" || outcome === "warning";
