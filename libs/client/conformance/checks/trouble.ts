import { answerOf, outcomeSaid, saidBy, tookMs, type Attempt } from "../attempt.ts";
import { at } from "../../pick.ts";
import type { Check, Evidence, Verdict } from "../check.ts";
import type { SceneName } from "../scenes.ts";
import { firstOf, outcomeWords } from "./life.ts";

/** Who has not stopped by then was killed. */
const stopWithinMs = 9_000;
const limitMs = 1_000;
/** Who is done before it asked once more cannot be stopped. */
const tooQuickMs = 700;

const crashNames = {
  crashTaken: "crash when taken",
  crashWorking: "crash at work",
  crashAnswering: "crash while answering",
  crashAnswered: "crash when answered",
} as const;

const crashWords = {
  crashTaken: "as soon as it has a task",
  crashWorking: "in the middle of its work",
  crashAnswering: "before its answer is taken",
  crashAnswered: "right after its answer is taken",
} as const;

/** What a handler does when something is wrong: with its input, with the other side, with its own life. */
export const troubleChecks: Check[] = [
  {
    name: "invalid input",
    says: "an input that breaks the contract is errored, and that is said",
    needs: ["invalid"],
    judge: (evidence) => {
      const attempt = firstOf(evidence, "invalid");
      if (answerOf(attempt)?.body["status"] === "errored") return undefined;
      return { why: outcomeWords(attempt), next: "exit with 1, or finish with status errored" };
    },
  },
  {
    name: "an error is no verdict",
    says: "what could not run is not called fail or warning",
    needs: ["invalid"],
    judge: (evidence) => {
      const outcome = outcomeSaid(firstOf(evidence, "invalid"));
      if (outcome !== "fail" && outcome !== "warning") return undefined;
      return {
        why: `it said ${outcome}`,
        next: "exit 5 and 6 are verdicts about a model; an error exits with 1",
      };
    },
  },
  {
    name: "no vain retry",
    says: "an input that will never do is not asked for again",
    needs: ["invalid"],
    judge: (evidence) => {
      const body = answerOf(firstOf(evidence, "invalid"))?.body;
      if (body?.["status"] !== "errored") return { skipped: "it did not say errored" };
      if (body["retry"] !== true) return undefined;
      const code = at(body, ["problem", "code"]);
      return {
        why: `it asks to be tried again (${String(code)})`,
        next: "exit 75 only for what passes by waiting",
      };
    },
  },
  {
    name: "until accepted",
    says: "an answer that could not be taken is said again",
    needs: ["refused"],
    judge: (evidence) => {
      const attempt = firstOf(evidence, "refused");
      if (answerOf(attempt) !== undefined) return undefined;
      const times = saidBy(attempt, "finished").length;
      return {
        why: `it said finished ${times} times and gave up at 503`,
        next: "go on saying it until it is accepted",
      };
    },
  },
  {
    name: "works through silence",
    says: "when nobody answers whether it may go on, it goes on",
    needs: ["silent"],
    judge: (evidence) => wellUnless(firstOf(evidence, "silent"), "no answer means go on"),
  },
  {
    name: "stops",
    says: "told that its task was aborted, it stops",
    needs: ["stopped"],
    judge: (evidence) => stopsAt(evidence, "stopped"),
  },
  {
    name: "gives way",
    says: "told that another attempt took over, it stops and claims nothing",
    needs: ["overtaken"],
    judge: (evidence) => stopsAt(evidence, "overtaken"),
  },
  {
    name: "within its time",
    says: "work that takes longer than it may is ended",
    needs: ["limit"],
    judge: (evidence) => {
      const took = tookMs(firstOf(evidence, "limit"));
      if (took <= limitMs + stopWithinMs) return undefined;
      return {
        why: `it may take 1 s; after ${Math.round((limitMs + stopWithinMs) / 1_000)} s it was still at work`,
        next: "keep to limits.finishSeconds",
      };
    },
  },
  {
    name: "hands back",
    says: "told to end, it finishes its task or hands it back",
    needs: ["shutdown"],
    judge: (evidence) => {
      const attempt = firstOf(evidence, "shutdown");
      if (answerOf(attempt) !== undefined) return undefined;
      return {
        why: "it left without a word",
        next: "at SIGTERM: finish, or finished with E_HANDED_BACK and retry",
      };
    },
  },
  {
    name: "ends",
    says: "told to end, it ends within 15 s",
    needs: ["shutdown"],
    judge: (evidence) => {
      const { stopped } = evidence.scene("shutdown");
      if (stopped !== "stayed") return undefined;
      return { why: "after 15 s it was still there", next: "do not ignore SIGTERM" };
    },
  },
  ...(["crashTaken", "crashWorking", "crashAnswering", "crashAnswered"] as const).map((name): Check => ({
    name: crashNames[name],
    says: `killed ${crashWords[name]}, it comes back and does its work`,
    needs: [name],
    judge: (evidence) => survives(evidence, name),
  })),
  {
    name: "out only",
    says: "a command writes into out/ and nowhere else",
    needs: ["plain", "last"],
    doors: ["command"],
    judge: ({ touched }) =>
      touched.length === 0
        ? undefined
        : { why: `it wrote ${touched.slice(0, 3).join(", ")}`, next: "write to JACKFIELD_OUT, or to TMPDIR" },
  },
  {
    name: "progress file",
    says: "progress goes to the file in JACKFIELD_PROGRESS, one JSON object a line",
    needs: ["plain"],
    doors: ["command"],
    judge: ({ logs }) => {
      const lines = [...logs.values()].flatMap((bytes) => Buffer.from(bytes).toString("utf8").split("\n"));
      const bad = lines.find((line) => /["']?\b(fraction|metrics)\b["']?\s*[:=]/.test(line));
      return bad === undefined
        ? undefined
        : {
            why: `this came as a log line: ${bad.slice(0, 100)}`,
            next: '{"fraction":0.4,"message":"epoch 4"}',
          };
    },
  },
];

function wellUnless(attempt: Attempt, next: string): Verdict {
  const outcome = outcomeSaid(attempt);
  return outcome === "pass" || outcome === "warning" ? undefined : { why: outcomeWords(attempt), next };
}

function stopsAt(evidence: Evidence, name: SceneName): Verdict {
  const attempt = firstOf(evidence, name);
  const outcome = outcomeSaid(attempt);
  const succeeded = outcome === "pass" || outcome === "warning" || outcome === "fail";
  const { toldMs } = attempt;
  if (toldMs === undefined && succeeded) {
    if (tookMs(attempt) < tooQuickMs) return { skipped: "it is too quick to be stopped" };
    return { why: "it never asked whether it may go on", next: "ask every third of limits.leaseSeconds" };
  }
  // The word and the answer may meet on their way.
  if (succeeded && (answerOf(attempt)?.atMs ?? 0) - (toldMs ?? 0) < tooQuickMs)
    return { skipped: "it was done when the word reached it" };
  if (succeeded)
    return { why: `it was told to stop, and said ${outcome}`, next: "at 410 or go: false, stop the work" };
  const waitedMs = (answerOf(attempt)?.atMs ?? 0) - (toldMs ?? Infinity);
  if (waitedMs <= stopWithinMs) return undefined;
  return {
    why: `it stopped after ${Math.round(waitedMs / 1_000)} s`,
    next: "SIGTERM ends a command: let it",
  };
}

function survives(evidence: Evidence, name: SceneName): Verdict {
  const { attempts, back } = evidence.scene(name);
  const [first, second] = attempts;
  if (back !== true)
    return { why: "it did not come back", next: "leave no lock behind that a new start stumbles over" };
  if (first === undefined || second === undefined)
    return { why: "there was no task", next: "start it alone, and see" };
  const doubled = saidBy(first, "finished").filter(({ refused }) => refused === undefined).length;
  if (doubled > 1)
    return { why: `the first attempt was answered ${doubled} times`, next: "remember nothing of it" };
  return wellUnless(second, "an attempt begins from nothing: what an earlier one left is not there");
}
