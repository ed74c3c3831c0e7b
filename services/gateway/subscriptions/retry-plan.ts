import { Problem } from "@jackfield/problem/problem";

/** Seconds before each further try: at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. @see Standard Webhooks */
export const usualPlan: readonly number[] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

const jitter = 0.2;

/**
 * Milliseconds until the next try after so many failures; undefined when the plan is at its end. `random` is in [0, 1).
 * Who asks to come later is heard.
 */
export function nextTryMs(
  failures: number,
  {
    plan = usualPlan,
    afterSeconds = 0,
    random,
  }: { plan?: readonly number[]; afterSeconds?: number; random: number },
): number | undefined {
  const seconds = plan[failures - 1];
  if (seconds === undefined) return undefined;
  return Math.max(afterSeconds, seconds * (1 + jitter * random)) * 1_000;
}

/** `5,300,1800` → seconds. @throws E_CONFIG */
export function readPlan(text: string | undefined): readonly number[] {
  if (text === undefined || text === "") return usualPlan;
  const plan = text.split(",").map(Number);
  if (plan.every((seconds) => Number.isFinite(seconds) && seconds >= 0)) return plan;
  throw new Problem("E_CONFIG", `${text} is no plan of tries`, {
    here: "JACKFIELD_WEBHOOK_PLAN",
    next: "say seconds with commas between: 5,300,1800",
  });
}
