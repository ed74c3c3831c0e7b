import type { Issuer, Rule } from "./settings.ts";

export type Claims = Readonly<Record<string, unknown>>;

/** What is wrong with a token: the claim, and why. */
export interface Refused {
  claim: string;
  why: string;
}

/** The first rule whose claims all hold; when none does, of the rule that came nearest the claim that did not. */
export function ruleFor({ rules }: Issuer, claims: Claims): Rule | Refused {
  let nearest: (Refused & { held: number }) | undefined;
  for (const rule of rules) {
    const wanted = Object.entries(rule.claims);
    const failed = wanted.find(([name, values]) => !holds(claims[name], values));
    if (failed === undefined) return pullRequest(rule, claims) ?? rule;
    const held = wanted.filter(([name, values]) => holds(claims[name], values)).length;
    if (nearest === undefined || held > nearest.held) nearest = { held, ...refusal(failed, claims) };
  }
  return nearest ?? { claim: "iss", why: "there is no rule for this issuer" };
}

const holds = (said: unknown, wanted: string | readonly string[]): boolean =>
  said !== undefined && [wanted].flat().includes(textOf(said));

const refusal = ([claim, wanted]: [string, string | string[]], claims: Claims): Refused => ({
  claim,
  why: `${claim} is ${claims[claim] === undefined ? "missing" : textOf(claims[claim])}, not ${[wanted].flat().join(" or ")}`,
});

function pullRequest({ pullRequests }: Rule, claims: Claims): Refused | undefined {
  // GitHub names it event_name, GitLab pipeline_source.
  for (const claim of ["event_name", "pipeline_source"]) {
    const said = claims[claim];
    if (
      !pullRequests &&
      typeof said === "string" &&
      /^(pull_request|merge_request|external_pull_request)/.test(said)
    )
      return {
        claim,
        why: `${claim} is ${said}: code of a pull request is not trusted unless its rule says so`,
      };
  }
  return undefined;
}

const textOf = (said: unknown): string =>
  typeof said === "string"
    ? said
    : typeof said === "number" || typeof said === "boolean"
      ? String(said)
      : "no text";
