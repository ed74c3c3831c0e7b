import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../bed/until.ts";
import type { FaultWorld } from "../fault-world.ts";
import { fileOf, type Blow } from "./strike-at.ts";

/** A death that is wanted: who comes to which point, for which time, and who dies then. */
export interface Wanted extends Pick<Blow, "victim" | "passing"> {
  process: string;
  point: string;
}

/** Where processes of a mortal build look for the points at which somebody is to die. */
export class Points {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  async arm(
    { world, history }: Pick<FaultWorld, "world" | "history">,
    { process, point, victim, passing }: Wanted,
  ): Promise<void> {
    const { logs = "" } = await world.run();
    const run = join(logs, "../run.json");
    const blow: Blow = { id: randomUUID(), victim, passing, run, history };
    writeFileSync(join(this.folder, fileOf(process, point)), JSON.stringify(blow));
  }

  /** Waits until it happened. */
  async struck({ process, point }: Wanted, withinMs = 30_000): Promise<void> {
    const file = join(this.folder, fileOf(process, point));
    await until(`a death at ${process} ${point}`, () => !existsSync(file), { withinMs });
  }
}
