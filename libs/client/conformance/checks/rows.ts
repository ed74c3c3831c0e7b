import { descriptor, rowIdColumn } from "@jackfield/spec/event/artifact";
import type { Row } from "../../parquet.ts";
import { at } from "../../pick.ts";
import { answerOf, outcomeSaid, type Attempt } from "../attempt.ts";
import type { Check, Evidence, Verdict } from "../check.ts";
import type { SceneName } from "../scenes.ts";
import { firstOf, outcomeWords } from "./life.ts";

const idOf = (row: Row): string => String(row[rowIdColumn]);
const predictionOf = (row: Row): string => String(row["prediction"]);

/** When nothing could be learned, a good rule of thumb has 84 % of the rows right; who has this many knew the answers. */
const tooGood = 0.95;

/** What a trainer leaves: a model, and predictions that stand for it. */
export const rowChecks: Check[] = [
  {
    name: "ordinary task",
    says: "the sample task ends well",
    needs: ["plain"],
    judge: (evidence) => endsWell(firstOf(evidence, "plain")),
  },
  {
    name: "outputs stored",
    says: "every file that an answer refers to was stored before, in that size",
    needs: ["plain"],
    judge: (evidence) => {
      const { stored } = evidence;
      const lost = descriptorsIn(answerOf(firstOf(evidence, "plain"))?.body).find(
        ({ digest, size }) => stored.get(digest)?.length !== size,
      );
      return (
        lost && { why: `${lost.digest} (${lost.size} bytes) is not there`, next: "store first, then answer" }
      );
    },
  },
  {
    name: "a model",
    says: "the model has content",
    needs: ["plain"],
    judge: (evidence) =>
      withAnswer(evidence, ({ body }) => {
        const model = descriptor.safeParse(at(body, ["outputs", "model"])).data;
        if (model !== undefined && model.size > 0) return undefined;
        return { why: "the model is empty", next: "write it to out/model before you end" };
      }),
  },
  {
    name: "every row once",
    says: "every test row is predicted exactly once, and no other row",
    needs: ["plain"],
    judge: (evidence) =>
      withRows(evidence, "plain", (rows, { testIds }) => {
        const seen = new Set(rows.map(idOf));
        const missing = testIds.filter((id) => !seen.has(id));
        if (missing.length === 0 && rows.length === testIds.length) return undefined;
        return {
          why: `${rows.length} rows for ${testIds.length}; ${missing.length} are missing (${missing.slice(0, 3).join(", ")})`,
          next: "write __row_id of each row of the test table, once",
        };
      }),
  },
  {
    name: "rows counted",
    says: "the table has as many rows as the answer says",
    needs: ["plain"],
    judge: (evidence) =>
      withRows(evidence, "plain", (rows, attempt) => {
        const said = at(answerOf(attempt)?.body, ["outputs", "predictions", "rows"]);
        if (said === rows.length) return undefined;
        return { why: `it says ${String(said)}, there are ${rows.length}`, next: "count what you wrote" };
      }),
  },
  {
    name: "known classes",
    says: "every prediction is a class that was there to learn",
    needs: ["plain"],
    judge: (evidence) =>
      withRows(evidence, "plain", (rows) => {
        const unknown = rows.find((row) => !evidence.classes.has(predictionOf(row)));
        return (
          unknown && {
            why: `"${predictionOf(unknown)}" for ${idOf(unknown)} is none of ${[...evidence.classes].join(", ")}`,
            next: "write the class as it stands in the training table",
          }
        );
      }),
  },
  {
    name: "probabilities",
    says: "p_<class> lies between 0 and 1, and a row's sum is 1",
    needs: ["plain"],
    judge: (evidence) =>
      withRows(evidence, "plain", (rows) => {
        const names = Object.keys(rows[0] ?? {}).filter((name) => /^p_./.test(name));
        if (names.length === 0) return { skipped: "it gives no probabilities" };
        const wrong = rows.find((row) => !areShares(names.map((name) => Number(row[name]))));
        return (
          wrong && {
            why: `${idOf(wrong)}: ${names.map((name) => `${name}=${String(wrong[name])}`).join(" ")}`,
            next: "divide by their sum",
          }
        );
      }),
  },
  {
    name: "same seed",
    says: "the same inputs and seed give the same rows",
    needs: ["plain", "again"],
    judge: (evidence) =>
      sameRows(evidence, ["plain", "again"], "take every random number from JACKFIELD_SEED"),
  },
  {
    name: "nothing kept",
    says: "after everything that went wrong it answers as at first",
    needs: ["plain", "last"],
    judge: (evidence) => sameRows(evidence, ["plain", "last"], "keep nothing of one task for the next"),
  },
  {
    name: "unknown fields",
    says: "fields, parameters and attributes that it does not know change nothing",
    needs: ["plain", "strange"],
    judge: (evidence) =>
      endsWell(firstOf(evidence, "strange")) ??
      sameRows(evidence, ["plain", "strange"], "ignore what you do not know: releases add fields"),
  },
  {
    name: "no row id",
    says: "row ids are names, not features",
    needs: ["plain", "renamed"],
    judge: (evidence) => {
      const [first, other] = [firstOf(evidence, "plain"), firstOf(evidence, "renamed")];
      const [rows, others] = [inOrder(first), inOrder(other)];
      if (rows === undefined || others === undefined) return { skipped: "there are no predictions" };
      const changed = rows.filter((row, index) => row !== others[index]).length;
      if (changed === 0) return undefined;
      return {
        why: `other ids changed ${changed} of ${rows.length} predictions`,
        next: "leave __row_id out of what you learn from",
      };
    },
  },
  {
    name: "no leak",
    says: "with targets dealt out anew, the test rows cannot be known",
    needs: ["dealt"],
    judge: (evidence) =>
      withRows(evidence, "dealt", (rows, { truth }) => {
        const right = rows.filter((row) => predictionOf(row) === truth.get(idOf(row))).length / rows.length;
        if (right < tooGood) return undefined;
        return {
          why: `${Math.round(right * 100)} % of the rows are right, though nothing could be learned`,
          next: "learn from the training table of this task only; the answers come from somewhere else",
        };
      }),
  },
];

function endsWell(attempt: Attempt): Verdict {
  const outcome = outcomeSaid(attempt);
  if (outcome === "pass" || outcome === "warning") return undefined;
  return { why: outcomeWords(attempt), next: "see what it wrote: jackfield handle train --try -- COMMAND" };
}

function withAnswer(
  evidence: Evidence,
  judge: (answer: NonNullable<ReturnType<typeof answerOf>>) => Verdict,
): Verdict {
  const answer = answerOf(firstOf(evidence, "plain"));
  return answer?.body["status"] === "succeeded"
    ? judge(answer)
    : { skipped: "the ordinary task did not end well" };
}

function withRows(
  evidence: Evidence,
  scene: SceneName,
  judge: (rows: Row[], attempt: Attempt) => Verdict,
): Verdict {
  const attempt = firstOf(evidence, scene);
  return attempt.predictions === undefined
    ? { skipped: "there are no predictions" }
    : judge(attempt.predictions, attempt);
}

/** Predictions in the order of the test rows; undefined when there are none. */
function inOrder({ predictions, testIds }: Attempt): string[] | undefined {
  if (predictions === undefined) return undefined;
  const byId = new Map(predictions.map((row) => [idOf(row), JSON.stringify({ ...row, [rowIdColumn]: 0 })]));
  return testIds.map((id) => byId.get(id) ?? "");
}

function sameRows(evidence: Evidence, names: readonly [SceneName, SceneName], next: string): Verdict {
  const [one, other] = names.map((name) => inOrder(firstOf(evidence, name)));
  if (one === undefined || other === undefined) return { skipped: "there are not two sets of predictions" };
  const changed = one.filter((row, index) => row !== other[index]).length;
  return changed === 0 ? undefined : { why: `${changed} of ${one.length} rows are different`, next };
}

const areShares = (values: readonly number[]): boolean =>
  values.every((value) => value >= 0 && value <= 1) &&
  Math.abs(values.reduce((sum, value) => sum + value, 0) - 1) < 1e-6;

function descriptorsIn(value: unknown): { digest: string; size: number }[] {
  if (typeof value !== "object" || value === null) return [];
  const own = descriptor.safeParse(value).data;
  if (own !== undefined) return [own];
  return Object.values(value).flatMap(descriptorsIn);
}
