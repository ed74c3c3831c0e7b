/** What a Keptn v1 event type says: a task of a sequence, or a sequence of a stage. */
export type KeptnType =
  | { kind: "task"; task: string; phase: "triggered" | "started" | "status.changed" | "finished" }
  | { kind: "sequence"; stage: string; sequence: string; phase: "triggered" | "finished" };

const taskType = /^sh\.keptn\.event\.([^.]+)\.(triggered|started|status\.changed|finished)$/;
const sequenceType = /^sh\.keptn\.event\.([^.]+)\.([^.]+)\.(triggered|finished)$/;

/**
 * `sh.keptn.event.<task>.<phase>` or `sh.keptn.event.<stage>.<sequence>.<phase>` → its parts, else undefined. The phase
 * decides, not the number of parts: `<task>.status.changed` has six like a sequence, and Keptn's own library takes it for
 * one.
 */
export function parseKeptnType(type: string): KeptnType | undefined {
  const [, task, phase] = taskType.exec(type) ?? [];
  // Both patterns fix their words, which the compiler cannot see.
  if (task !== undefined) return { kind: "task", task, phase } as KeptnType;
  const [, stage, sequence, of] = sequenceType.exec(type) ?? [];
  return stage === undefined ? undefined : ({ kind: "sequence", stage, sequence, phase: of } as KeptnType);
}

/** The inverse; undefined where a name has a dot, which would shift the parts. */
export function printKeptnType(type: KeptnType): string | undefined {
  const names = type.kind === "task" ? [type.task] : [type.stage, type.sequence];
  if (names.some((name) => name === "" || name.includes("."))) return undefined;
  return ["sh.keptn.event", ...names, type.phase].join(".");
}
