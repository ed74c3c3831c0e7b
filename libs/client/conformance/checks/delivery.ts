import { saidBy } from "../attempt.ts";
import type { Check } from "../check.ts";
import { firstOf } from "./life.ts";

/** What a handler does with deliveries that come twice, late, or from a stranger. */
export const deliveryChecks: Check[] = [
  {
    name: "twice delivered",
    says: "a delivery that comes again is not worked on again",
    needs: ["twice"],
    doors: ["nats", "webhook"],
    judge: (evidence) => {
      const attempt = firstOf(evidence, "twice");
      const answers = saidBy(attempt, "finished").filter(({ refused }) => refused === undefined);
      const different = new Set(answers.map(({ body }) => JSON.stringify(body["outputs"])));
      const starts = saidBy(attempt, "started").length;
      if (starts <= 1 && different.size <= 1) return undefined;
      return {
        why: `it started ${starts} times and gave ${different.size} different answers`,
        next: "remember the id of what you have in hand; the same question has the same answer",
      };
    },
  },
  {
    name: "asks when in doubt",
    says: "a delivery that is older than its start timeout is asked about first",
    needs: ["doubtful"],
    doors: ["nats"],
    judge: (evidence) =>
      firstOf(evidence, "doubtful").said.some(({ word }) => word === "heartbeat")
        ? undefined
        : { why: "it never asked ctl.lease", next: "redelivered or old: ask, and work only on go: true" },
  },
  {
    name: "heeds go: false",
    says: "told no, it does not begin",
    needs: ["doubtful"],
    doors: ["nats"],
    judge: (evidence) =>
      saidBy(firstOf(evidence, "doubtful"), "started").length === 0
        ? undefined
        : {
            why: "it said started though the answer was go: false",
            next: "acknowledge the delivery, and leave it",
          },
  },
  {
    name: "started, then ack",
    says: "a delivery is acknowledged when started is stored, not before",
    needs: ["full"],
    doors: ["nats"],
    judge: (evidence) => {
      const { said } = firstOf(evidence, "full");
      const started = said.findIndex(({ word }) => word === "started");
      const acknowledged = said.findIndex(({ word }) => word === "acknowledged");
      if (started >= 0 && acknowledged > started) return undefined;
      return {
        why: acknowledged < 0 ? "it was never acknowledged" : "it was acknowledged before started was stored",
        next: "publish started, wait for the stream's ack, then acknowledge",
      };
    },
  },
  ...(
    [
      ["unsigned", "has no signature"],
      ["tampered", "was changed on the way"],
      ["old", "was signed ten minutes ago"],
      ["stranger", "was signed with another secret"],
    ] as const
  ).map(([how, words]): Check => ({
    name: `refuses ${how}`,
    says: `a request that ${words} is refused`,
    needs: ["forged"],
    doors: ["webhook"],
    judge: (evidence) => {
      const status = evidence.scene("forged").forged?.[how];
      if (status !== undefined && status >= 400 && status < 500) return undefined;
      return {
        why: `it answered ${status ?? "nothing"}`,
        next: "verify webhook-id, webhook-timestamp and webhook-signature",
      };
    },
  })),
];
