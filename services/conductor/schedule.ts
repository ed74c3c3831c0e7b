import type { Artifacts } from "@jackfield/artifacts/artifacts";
import { limitsIn } from "@jackfield/lifecycle/config-applied";
import { giveOut, type Prepared } from "@jackfield/lifecycle/give-out";
import { mayGoOn, type RunningRun } from "@jackfield/lifecycle/runs";
import type { ReadyTask } from "@jackfield/lifecycle/tasks";
import { answerForNobody } from "@jackfield/lifecycle/trigger-task";
import type { Digest } from "@jackfield/spec/event/artifact";
import { digest } from "@jackfield/spec/event/artifact";
import { taskEventId } from "@jackfield/spec/event/ids";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Waiting } from "./at-work.ts";
import type { Desk } from "./desk.ts";
import { prepare, type Preparation, type Surroundings } from "./prepare.ts";

interface Ready {
  run: RunningRun;
  task: ReadyTask;
  waiting: Waiting;
}

/** Gives out what can be given out now: the decisions, and who holds which slot from now on. */
export async function schedule(desk: Desk, now: string): Promise<CloudEvent[]> {
  const around = desk.surroundings();
  const ready = readyTasks(desk, around);
  if (ready.length === 0) return [];
  const prepared = await prepareAll(desk, ready, around);
  const nobody = prepared.flatMap(({ run, task, preparation }) =>
    preparation.kind === "nobody" ? answerForNobody(run, task, preparation, now) : [],
  );
  const able = prepared.flatMap(({ preparation }) =>
    preparation.kind === "prepared" ? [preparation.prepared] : [],
  );
  const given = giveOut(able, slotsNow(desk, around), now);
  takeSlots(desk, able, given);
  return [...nobody, ...given];
}

function readyTasks({ working, atWork, decided }: Desk, { nowMs }: Surroundings): Ready[] {
  const found: Ready[] = [];
  for (const [id, waiting] of atWork.ready) {
    const task = working.state.tasks.get(id);
    const run = working.state.runs.get(waiting.run);
    if (task?.status !== "ready" || !mayGoOn(run) || waiting.restUntilMs > nowMs) continue;
    const handler = run.pinned.bindings[task.capability] ?? task.capability;
    if (decided(taskEventId({ task: id, handler, attempt: task.attempt }, "triggered"))) continue;
    found.push({ run, task, waiting });
  }
  return found;
}

/** Inputs, key and what the cache holds, for all at once; who was prepared before keeps what was found out. */
async function prepareAll(
  { working, artifacts }: Desk,
  ready: Ready[],
  around: Surroundings,
): Promise<(Ready & { preparation: Preparation })[]> {
  const step = (): (Ready & { preparation: Preparation })[] =>
    ready.map((one) => ({ ...one, preparation: keptOr(one, around) ?? prepare(one.run, one.task, around) }));
  const prepared = await working.complete(step, () => void step());
  for (const { waiting, preparation } of prepared) {
    if (preparation.kind === "wait") waiting.why = preparation.why;
    if (preparation.kind !== "prepared" || waiting.prepared === preparation.prepared) continue;
    const { kept } = preparation.prepared;
    if (kept !== undefined && !(await allThere(artifacts(), kept.outputs)))
      preparation.prepared.kept = undefined;
    waiting.prepared = preparation.prepared;
    waiting.why = `waits for a free worker of ${preparation.prepared.who.handler}`;
  }
  return prepared;
}

/** What was found out before still holds while the handler is there in the same version. */
function keptOr({ run, waiting }: Ready, { live }: Surroundings): Preparation | undefined {
  const { prepared } = waiting;
  if (prepared === undefined) return undefined;
  const found = live.get(prepared.slots)?.description;
  const same = found?.version === prepared.who.version && found.environment === prepared.who.environment;
  return same ? { kind: "prepared", prepared: Object.assign(prepared, { run }) } : undefined;
}

/** A hit is worth nothing when its bytes are gone. */
async function allThere(artifacts: Artifacts, outputs: unknown): Promise<boolean> {
  const found = await Promise.all(digestsIn(outputs).map((one) => artifacts.has(one)));
  return found.every(Boolean);
}

function digestsIn(value: unknown): Digest[] {
  if (typeof value !== "object" || value === null) return [];
  if ("mediaType" in value && "digest" in value) {
    const named = digest.safeParse(value.digest);
    return named.success ? [named.data] : [];
  }
  return Object.values(value).flatMap(digestsIn);
}

function slotsNow({ atWork, working }: Desk, { live }: Surroundings): Parameters<typeof giveOut>[1] {
  const free = new Map<string, number>();
  for (const key of live.keys()) free.set(key, (live.get(key)?.concurrency ?? 0) - atWork.running(key));
  const leading = new Set<string>();
  for (const { key, run } of atWork.taken()) {
    if (key !== undefined && mayGoOn(working.state.runs.get(run))) leading.add(key);
  }
  return { free, load: atWork.load, leading, limits: limitsIn(working.state) };
}

function takeSlots({ atWork }: Desk, able: readonly Prepared[], given: readonly CloudEvent[]): void {
  const byTask = new Map(able.map((prepared) => [prepared.task.id, prepared]));
  // What the cache answers comes with its `finished` and takes no slot.
  const answered = new Set(given.filter(({ status }) => status !== undefined).map(({ subject }) => subject));
  for (const { subject = "" } of given) {
    const prepared = byTask.get(subject);
    if (prepared === undefined || answered.has(subject)) continue;
    const { run, task, who, slots, key } = prepared;
    const { capability } = task;
    const place = { run: run.id, project: run.scope.project, capability, handler: who.handler };
    atWork.take(subject, { ...place, slots, key });
  }
}
