import type { Registered, Stray } from "./world.ts";
import type { Scene, SceneName } from "./scenes.ts";
import type { DoorName } from "./stage.ts";

/** What is wrong, and the way out. */
export interface Finding {
  why: string;
  next: string;
}

/** Undefined: it is as it should be. */
export type Verdict = Finding | { skipped: string } | undefined;

/** Everything that was seen of one handler. */
export interface Evidence {
  door: DoorName;
  capability: string;
  handler: string;
  registered: readonly Registered[];
  strays: readonly Stray[];
  /** Files that the command left beside `out/`. */
  touched: readonly string[];
  /** Standard output of commands, where it came as a log. */
  logs: ReadonlyMap<string, Uint8Array>;
  /** Bytes that were stored, by digest. */
  stored: ReadonlyMap<string, Uint8Array>;
  classes: ReadonlySet<string>;
  scene(name: SceneName): Scene;
}

/** One thing that a handler must do, judged by what was seen. */
export interface Check {
  name: string;
  says: string;
  /** The scenes it looks at. */
  needs: readonly SceneName[];
  /** Only at these doors. */
  doors?: readonly DoorName[];
  judge(evidence: Evidence): Verdict;
}
