import { descriptor } from "@jackfield/spec/event/artifact";
import { at } from "../pick.ts";
import { answerOf } from "./attempt.ts";
import type { Check, Evidence, Verdict } from "./check.ts";
import { deliveryChecks } from "./checks/delivery.ts";
import { lifeChecks } from "./checks/life.ts";
import { rowChecks } from "./checks/rows.ts";
import { troubleChecks } from "./checks/trouble.ts";
import { scenes, type Scene, type SceneName, type SceneParts } from "./scenes.ts";
import { begin, type Stage } from "./stage.ts";

export const checks: readonly Check[] = [...lifeChecks, ...rowChecks, ...troubleChecks, ...deliveryChecks];

/** One line of the report. */
export interface Checked {
  name: string;
  says: string;
  outcome: "pass" | "fail" | "skipped";
  why?: string;
  next?: string;
}

export interface SuiteOptions {
  /** Names of checks; all when absent. */
  only?: readonly string[];
  onScene?: (name: SceneName) => void;
}

/** Puts a handler through everything that its door can do to it, and judges what was seen. */
export async function testHandler(stage: Stage, { only, onScene }: SuiteOptions = {}): Promise<Checked[]> {
  const wanted = checks.filter(
    ({ name, doors }) => (doors?.includes(stage.door) ?? true) && (only?.includes(name) ?? true),
  );
  const needed = new Set<SceneName>(wanted.flatMap(({ needs }) => needs));
  const seen = new Map<SceneName, Scene>();
  const there = await begin(stage);
  for (const [name, parts] of sceneList) {
    // Who does not even answer an ordinary task is not asked the rest.
    if (!there || !needed.has(name) || !canPlay(stage, parts) || isLost(seen)) continue;
    onScene?.(name);
    seen.set(name, await parts.run(stage));
  }
  const evidence = await gather(stage, seen);
  return wanted.map((check) => checked(check, verdictOf(check, { stage, seen, evidence, there })));
}

// The keys of an object lose their names on the way.
const sceneList = Object.entries(scenes) as [SceneName, SceneParts][];

const canPlay = ({ door, program }: Stage, { doors, ends }: SceneParts): boolean =>
  (doors?.includes(door) ?? true) && (ends !== true || program !== undefined);

const isLost = (seen: ReadonlyMap<SceneName, Scene>): boolean => {
  const [plain] = seen.get("plain")?.attempts ?? [];
  return plain !== undefined && plain.takenMs === undefined;
};

async function gather(stage: Stage, seen: ReadonlyMap<SceneName, Scene>): Promise<Evidence> {
  const { door, world, handler } = stage;
  const attempts = [...seen.values()].flatMap((scene) => scene.attempts);
  const logs = new Map<string, Uint8Array>();
  for (const attempt of attempts) {
    for (const log of listAt(answerOf(attempt)?.body, "logs")) {
      const { name, digest } = descriptor.safeParse(log).data ?? {};
      const bytes = world.artifacts.get(digest ?? "");
      if (name === "stdout.log" && bytes !== undefined) logs.set(digest ?? "", bytes);
    }
  }
  return {
    door,
    capability: world.contract.name,
    handler,
    registered: world.everRegistered,
    strays: world.strays,
    touched: await stage.touched(),
    logs,
    stored: world.artifacts,
    classes: new Set(attempts.flatMap((each) => each.classes)),
    scene: (name) => {
      const scene = seen.get(name);
      if (scene === undefined) throw new Error(`the scene ${name} was not played`);
      return scene;
    },
  };
}

const listAt = (value: unknown, name: string): unknown[] => {
  const found = at(value, [name]);
  return Array.isArray(found) ? found : [];
};

interface Judged {
  stage: Stage;
  seen: ReadonlyMap<SceneName, Scene>;
  evidence: Evidence;
  there: boolean;
}

function verdictOf(check: Check, { stage, seen, evidence, there }: Judged): Verdict {
  if (!there && check.name === "registers") {
    const lines = stage.program?.lastLines().slice(-3).join(" | ") ?? "";
    return {
      why: `nobody came in within ${stage.patienceMs / 1_000} s${lines === "" ? "" : `; it wrote: ${lines}`}`,
      next: "start it by hand, with the variables that --test gives it",
    };
  }
  const missing = check.needs.filter((name) => !seen.has(name) && playable(stage, name));
  if (missing.length > 0)
    return { skipped: there ? "an ordinary task was not even taken" : "it never came in" };
  if (check.needs.some((name) => !seen.has(name))) {
    const held = check.needs.filter((name) => seen.has(name));
    if (held.length === 0) return { skipped: "it was started by somebody else, so it is not killed" };
  }
  return check.judge(limited(evidence, check, seen));
}

const playable = (stage: Stage, name: SceneName): boolean =>
  canPlay(stage, new Map(sceneList).get(name) ?? { run: async () => ({ attempts: [] }) });

/** Scenes that this door does not have are empty for a check that looks at many. */
const limited = (evidence: Evidence, check: Check, seen: ReadonlyMap<SceneName, Scene>): Evidence =>
  check.needs.every((name) => seen.has(name))
    ? evidence
    : { ...evidence, scene: (name) => seen.get(name) ?? { attempts: [] } };

function checked({ name, says }: Check, verdict: Verdict): Checked {
  if (verdict === undefined) return { name, says, outcome: "pass" };
  if ("skipped" in verdict) return { name, says, outcome: "skipped", why: verdict.skipped };
  return { name, says, outcome: "fail", ...verdict };
}
