import { askKey } from "@jackfield/lifecycle/asks";
import { isOwn } from "@jackfield/lifecycle/facts";
import { handlerIn } from "@jackfield/lifecycle/given-out";
import { allTasks, openTasks } from "@jackfield/lifecycle/progress";
import { foldLog } from "@jackfield/lifecycle/fold-log";
import type { Rows } from "@jackfield/lifecycle/state";
import { eventKey, taskEventId } from "@jackfield/spec/event/ids";
import { parseType } from "@jackfield/spec/event/type";
import { textsOf } from "./database.ts";
import { catalogue } from "./plant.ts";
import { Tracker } from "./tracker.ts";
import type { Scene } from "./scene.ts";

/** What the conductor has saved = what a fold from the beginning of the stream comes to. */
export function compareFolds({ database, stream, truth }: Scene): void {
  const entries = stream
    .after(0, database.position)
    .flatMap(({ entry }) => (entry.refused === undefined ? [entry] : []));
  const texts = textsOf(foldLog(entries, catalogue));
  for (const [table, expected] of texts) {
    const saved = database.texts.get(table);
    for (const key of new Set([...expected.keys(), ...(saved?.keys() ?? [])])) {
      if (expected.get(key) !== saved?.get(key))
        truth.wrong(
          `${table} ${key}: a fold of the log says ${expected.get(key) ?? "nothing"}, saved is ${saved?.get(key) ?? "nothing"}`,
        );
    }
  }
}

/** Judges a world that came to rest. */
export function judge(world: Scene): void {
  compareFolds(world);
  const rows = world.database.load();
  judgeRuns(world, rows);
  judgeCounted(world, rows);
  judgeLog(world);
  judgeDesk(world);
}

function judgeRuns({ truth }: Scene, rows: Rows): void {
  for (const run of rows.runs.values()) {
    if (run.status === "refused") continue;
    if (run.status !== "finished") truth.wrong(`${run.name} is ${run.status}`);
    else if (openTasks(run.progress) !== 0) truth.wrong(`${run.name} is over with open tasks`);
    else {
      const known = [...rows.tasks.values()].filter((task) => task.run === run.id).length;
      if (allTasks(run.progress) !== known)
        truth.wrong(`${run.name} counts ${allTasks(run.progress)} tasks of ${known}`);
    }
  }
  for (const task of [...rows.tasks.values(), ...rows.asks.values()]) {
    if (task.status !== "done" && task.status !== "skipped")
      truth.wrong(`${task.id} is ${task.status} at the end`);
  }
}

/** Conductor, tracker and a tracker made anew agree which `finished` counts, and each question has one. */
function judgeCounted({ truth, tracker, stream, random }: Scene, rows: Rows): void {
  const asked = new Set([...rows.asks.values()].map(({ id }) => id));
  const alone = [...rows.tasks.values()].filter(({ id }) => !rows.asks.has(askKey(id, "")) && !asked.has(id));
  for (const row of [...alone, ...rows.asks.values()]) {
    if (row.status !== "done") continue;
    const { id: task, handler, attempt, position } = row;
    const counted = tracker.counted.get(taskEventId({ task, handler, attempt }, "triggered"));
    if (counted !== position.sequence)
      truth.wrong(
        `${task} of ${handler}: the conductor counts ${position.sequence}, the tracker ${counted ?? "nothing"}`,
      );
  }
  for (const id of tracker.questions.keys())
    if (!tracker.counted.has(id)) truth.wrong(`${id} has no counted finished`);
  const anew = new Tracker();
  for (let from = 0; from < stream.end;) {
    const batch = stream.after(from, random.between(1, 50));
    anew.fold(batch.map(({ entry }) => entry));
    from += batch.length;
  }
  if (!isSame(anew.counted, tracker.counted) || !isSame(anew.digests, tracker.digests))
    truth.wrong("a tracker that is made anew comes to something else");
}

const isSame = <Value>(a: ReadonlyMap<string, Value>, b: ReadonlyMap<string, Value>): boolean =>
  a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);

/** What was acknowledged is there, causes resolve, attempts follow each other, and only lies are kept aside. */
function judgeLog({ truth, tracker, stream, acknowledged }: Scene): void {
  for (const [sequence, messageId] of acknowledged) {
    if (stream.messages[sequence - 1]?.messageId !== messageId)
      truth.wrong(`${sequence} was acknowledged and is not there`);
  }
  const ids = new Set<string>();
  for (const { entry, sequence } of stream.messages) {
    const { event } = entry;
    if (event === undefined) continue;
    if (isOwn(event) && event.causationid !== undefined && !ids.has(event.causationid))
      truth.wrong(`${event.id} names ${event.causationid} as its cause, which is not before it`);
    if (isOwn(event) && parseType(event.type)?.predicate === "triggered" && (event.attempt ?? 1) > 1) {
      const { subject: task = "", attempt = 1 } = event;
      const handler = handlerIn(event);
      const before = tracker.counted.get(taskEventId({ task, handler, attempt: attempt - 1 }, "triggered"));
      if (before === undefined || before > sequence)
        truth.wrong(`${event.id} comes before the end of the attempt before it`);
    }
    ids.add(event.id);
  }
  for (const { entry, why, detail } of tracker.withheld) {
    const event = entry.event ?? entry.refused.claimed;
    const key = event === undefined ? "" : eventKey(event);
    // Two that were given one task may both say that they have it; the first stands, and only who said it works.
    const isStart = why === "conflict" && event?.id.endsWith("/started");
    if (!truth.lies.has(key) && isStart !== true)
      truth.wrong(`${event?.id ?? "a message"} is honest and kept aside: ${why}, ${detail}`);
  }
}

/** Nobody holds a slot, a clock or a place in the queue when all is over. */
function judgeDesk({ truth, lock }: Scene): void {
  const atWork = lock.holder?.desk?.atWork;
  if (atWork === undefined) {
    truth.wrong("no conductor is active at the end");
    return;
  }
  const taken = [...atWork.taken()].map(({ run, handler }) => `${run} at ${handler}`);
  if (taken.length > 0) truth.wrong(`slots are still taken: ${taken.join(", ")}`);
  if (atWork.heard.size > 0) truth.wrong(`clocks still run: ${[...atWork.heard.keys()].join(", ")}`);
  const waiting = [...atWork.ready.keys(), ...atWork.shadows.keys()];
  if (waiting.length > 0) truth.wrong(`still waiting: ${waiting.join(", ")}`);
  if (atWork.load.byRun.size > 0) truth.wrong("the load is not counted back to nothing");
}
