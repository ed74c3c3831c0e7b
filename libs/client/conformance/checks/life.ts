import { problemReport } from "@jackfield/spec/event/problem";
import { answerOf, outcomeSaid, saidBy, type Attempt } from "../attempt.ts";
import type { Check, Evidence } from "../check.ts";
import { scenes, type SceneName } from "../scenes.ts";
import { at } from "../../pick.ts";

/** The attempt that a scene is about. */
export const firstOf = (evidence: Evidence, name: SceneName): Attempt => {
  const [attempt] = evidence.scene(name).attempts;
  if (attempt === undefined) throw new Error(`the scene ${name} gave no task`);
  return attempt;
};

const everywhere = Object.keys(scenes).filter((name): name is SceneName => !name.startsWith("crash"));
/** Scenes in which a handler is left in peace until it has answered. */
const peaceful: readonly SceneName[] = ["plain", "again", "strange", "invalid", "refused", "last"];

const allOf = (evidence: Evidence, names: readonly SceneName[]): Attempt[] =>
  names.flatMap((name) => evidence.scene(name).attempts);

/** How a handler comes in, and what one task's life looks like from outside. */
export const lifeChecks: Check[] = [
  {
    name: "registers",
    says: "it says its name, its version, and that it speaks the contract",
    needs: ["plain"],
    doors: ["command", "pull", "nats"],
    judge: ({ registered, capability, handler }) => {
      const found = registered.find(({ name }) => name === handler);
      if (found === undefined)
        return {
          why: `nobody registered as ${handler}`,
          next: `POST /v1/handlers/${handler}, or ctl.handler`,
        };
      if (Object.hasOwn(found.contracts, capability)) return undefined;
      return {
        why: `it registered for ${Object.keys(found.contracts).join(", ") || "nothing"}`,
        next: `register contracts: { ${capability}: { from: "1.0.0", to: "1.0.0" } }`,
      };
    },
  },
  {
    name: "takes a task",
    says: "it takes a task that waits for it",
    needs: ["plain"],
    judge: (evidence) =>
      firstOf(evidence, "plain").takenMs !== undefined
        ? undefined
        : {
            why: "nobody took the task",
            next: "ask for tasks as soon as you are registered, and go on asking",
          },
  },
  {
    name: "answers",
    says: "a task that it took gets an answer",
    needs: ["plain"],
    judge: (evidence) =>
      answerOf(firstOf(evidence, "plain")) !== undefined
        ? undefined
        : { why: lastWord(firstOf(evidence, "plain")), next: "say finished, whatever happened" },
  },
  {
    name: "started first",
    says: "started comes once, and before everything else",
    needs: ["plain"],
    doors: ["nats"],
    judge: (evidence) => {
      const { said } = firstOf(evidence, "plain");
      const words = said.map(({ word }) => word);
      if (words[0] === "started" && words.filter((word) => word === "started").length === 1) return undefined;
      return { why: `it said: ${words.join(", ")}`, next: "publish started, wait for its ack, then work" };
    },
  },
  {
    name: "one answer",
    says: "an attempt is answered once",
    needs: peaceful,
    judge: (evidence) => {
      const twice = allOf(evidence, peaceful).find((attempt) => counted(attempt) > 1);
      if (twice === undefined) return undefined;
      return {
        why: `${twice.task} was answered ${counted(twice)} times`,
        next: "say finished until it is accepted, then never again",
      };
    },
  },
  {
    name: "quiet afterwards",
    says: "nothing is said of a task after its answer",
    needs: peaceful,
    judge: (evidence) => {
      const late = allOf(evidence, peaceful).find((attempt) => afterAnswer(attempt).length > 0);
      if (late === undefined) return undefined;
      return {
        why: `after finished it said ${afterAnswer(late).join(", ")}`,
        next: "stop progress before you answer",
      };
    },
  },
  {
    name: "right question",
    says: "every answer names the task, the attempt and the triggered that it answers",
    needs: ["plain", "again", "invalid"],
    judge: ({ strays }) => {
      const wrong = strays.find(({ what }) => /token of|answers/.test(what));
      return (
        wrong && { why: wrong.what, next: "copy task, attempt and triggeredid (or the token) from the task" }
      );
    },
  },
  {
    name: "no facts",
    says: "it publishes no facts and asks for nothing that is not its own",
    needs: everywhere.filter((name) => scenes[name] !== scenes.forged),
    judge: ({ strays }) => {
      const foreign = strays.find(({ what }) => !/token of|answers/.test(what));
      return (
        foreign && {
          why: `it said ${foreign.what}`,
          next: "say it in the outputs: the conductor publishes the facts that the contract names",
        }
      );
    },
  },
  {
    name: "contract kept",
    says: "what it says keeps its contract the first time",
    needs: peaceful,
    judge: (evidence) => {
      const broken = allOf(evidence, peaceful).flatMap(({ said }) =>
        said.filter(({ refused }) => refused?.startsWith("E_INVALID") === true),
      )[0];
      return (
        broken && {
          why: `${broken.word}: ${broken.refused ?? ""}`,
          next: "the schemas are in spec/published",
        }
      );
    },
  },
  {
    name: "small events",
    says: "nothing that it says is over 64 KiB",
    needs: peaceful,
    judge: (evidence) => {
      const large = allOf(evidence, peaceful).flatMap(({ said }) =>
        said.filter(({ refused }) => refused?.startsWith("E_TOO_LARGE") === true),
      )[0];
      return (
        large && {
          why: `${large.word} has ${large.bytes} bytes`,
          next: "store it as an artifact, and refer to it",
        }
      );
    },
  },
  {
    name: "problem named",
    says: "an error has a code, and one sentence for people",
    needs: ["invalid"],
    judge: (evidence) => {
      const answer = answerOf(firstOf(evidence, "invalid"));
      if (answer?.body["status"] !== "errored") return { skipped: "it did not say errored" };
      const problem = problemReport.safeParse(at(answer.body, ["problem"])).data;
      if (problem !== undefined && problem.what.trim() !== "") return undefined;
      return { why: "errored came without a problem", next: "problem: { code: E_INVALID, what: … }" };
    },
  },
  {
    name: "progress numbers",
    says: "progress goes from 0 to 1 and never back",
    needs: ["plain"],
    judge: (evidence) => {
      const fractions = saidBy(firstOf(evidence, "plain"), "progressed").flatMap(({ body }) =>
        typeof body["fraction"] === "number" ? [body["fraction"]] : [],
      );
      if (fractions.length === 0) return { skipped: "it told no progress" };
      const back = fractions.findIndex((fraction, index) => fraction < (fractions[index - 1] ?? 0));
      if (back < 0) return undefined;
      return {
        why: `after ${fractions[back - 1] ?? 0} it said ${fractions[back] ?? 0}`,
        next: "fraction is the share of the whole that is done",
      };
    },
  },
];

const counted = (attempt: Attempt): number =>
  saidBy(attempt, "finished").filter(({ refused }) => refused === undefined).length;

function afterAnswer(attempt: Attempt): string[] {
  const answer = answerOf(attempt);
  if (answer === undefined) return [];
  const later = attempt.said.slice(attempt.said.indexOf(answer) + 1);
  return later.filter(({ word }) => word === "started" || word === "progressed").map(({ word }) => word);
}

export function lastWord(attempt: Attempt): string {
  const refused = attempt.said.findLast((said) => said.refused !== undefined);
  if (refused?.refused !== undefined) return `it said ${refused.word}, which was refused: ${refused.refused}`;
  const last = attempt.said.at(-1);
  if (last !== undefined) return `the last that was heard is ${last.word}`;
  return attempt.takenMs === undefined ? "nobody took the task" : "nothing was heard after it was taken";
}

/** The words of an outcome that is not what was wanted. */
export function outcomeWords(attempt: Attempt): string {
  const answer = answerOf(attempt);
  if (answer === undefined) return lastWord(attempt);
  const problem = problemReport.safeParse(at(answer.body, ["problem"])).data;
  const message = problem === undefined ? answer.body["message"] : `${problem.code} ${problem.what}`;
  return [outcomeSaid(attempt), typeof message === "string" ? message : undefined].filter(Boolean).join(": ");
}
