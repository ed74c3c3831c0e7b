/** What must hold, in the words of the design. */
export const invariants = {
  I1: "what was acknowledged is in the log exactly once, or in quarantine",
  I2: "each triggered has exactly one counted finished, and all agree which",
  I3: "at most one execution per attempt, at most one effect per idempotency key",
  I4: "no state goes backwards",
  I5: "no answer without a question, and nothing forged, is in the log; nothing honest is in quarantine",
  I6: "done + running + waiting + parked = total, and at the end nothing is open",
  I7: "every causationid resolves",
  I8: "recovery is quick and needs no operator",
} as const;

export type Invariant = keyof typeof invariants;

export interface Judgement {
  invariant: Invariant;
  /** How many things were looked at; a verdict about nothing says nothing. */
  looked: number;
  /** Everything that contradicts, in words. */
  against: string[];
}

export interface Verdict {
  holds: boolean;
  judgements: Judgement[];
}

/** Collects what contradicts one invariant. */
export class Evidence {
  readonly against: string[] = [];
  looked = 0;

  /** Looks at one thing; `fault` says what is wrong with it, undefined when nothing is. */
  look(fault: string | undefined): void {
    this.looked += 1;
    if (fault !== undefined) this.against.push(fault);
  }

  judge(invariant: Invariant): Judgement {
    return { invariant, looked: this.looked, against: this.against };
  }
}

export const verdictOf = (judgements: Judgement[]): Verdict => ({
  holds: judgements.every(({ against }) => against.length === 0),
  judgements,
});

/** The invariants that do not hold. */
export const brokenIn = ({ judgements }: Verdict): Invariant[] =>
  judgements.filter(({ against }) => against.length > 0).map(({ invariant }) => invariant);

const shown = 5;

/** For people: one line an invariant, under it the first five that contradict. */
export const printVerdict = ({ judgements }: Verdict): string => judgements.flatMap(linesOf).join("\n");

function linesOf({ invariant, looked, against }: Judgement): string[] {
  const mark = against.length === 0 ? "✓" : "✗";
  const more = against.length > shown ? [`     and ${against.length - shown} more`] : [];
  return [
    `${mark} ${invariant} ${invariants[invariant]} (${looked} looked at)`,
    ...against.slice(0, shown).map((words) => `     ${words}`),
    ...more,
  ];
}
