import type { Ask } from "@jackfield/lifecycle/asks";
import { isOpen, type Task } from "@jackfield/lifecycle/tasks";
import { mayGoOn } from "@jackfield/lifecycle/runs";
import { findHandler } from "@jackfield/lifecycle/handlers";
import { limitsIn } from "@jackfield/lifecycle/config-applied";
import { mayShadow } from "@jackfield/lifecycle/shadows";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { finishedData } from "@jackfield/spec/event/task";
import { parseType } from "@jackfield/spec/event/type";
import type { Desk } from "./desk.ts";
import { isGiven } from "./given.ts";
import { ownLimits } from "./plant.ts";
import type { Process } from "./process.ts";

/** What may pass between the end of a silence and a word about it. */
const graceMs = 4_000;

/** What really happened, which no process knows: it notices what must not be. */
export class Truth {
  readonly wrongs: string[] = [];
  /** Keys under which somebody lied: what is kept aside of them is right to be. */
  readonly lies = new Set<string>();
  readonly #executions = new Map<string, { by: Process; sinceMs: number; isOver: boolean }>();
  executions = 0;

  wrong(what: string): void {
    if (this.wrongs.length < 20) this.wrongs.push(what);
  }

  executes(triggeredid: string, by: Process): void {
    this.executions += 1;
    const before = this.#executions.get(triggeredid);
    if (before !== undefined) this.wrong(`${triggeredid} is worked on by ${before.by.name} and ${by.name}`);
    this.#executions.set(triggeredid, { by, sinceMs: by.agenda.nowMs, isOver: false });
  }

  ended(triggeredid: string): void {
    const execution = this.#executions.get(triggeredid);
    if (execution !== undefined) execution.isOver = true;
  }

  /** A conductor decided these; what a clock said of somebody sound is false. */
  decided({ nowMs }: Desk, events: readonly CloudEvent[]): void {
    for (const { triggeredid = "", data } of events) {
      const code = finishedData.safeParse(data).data?.problem?.code;
      const execution = this.#executions.get(triggeredid);
      if (execution === undefined || execution.isOver || !execution.by.isAlive || execution.by.isStopped)
        continue;
      const soundMs = nowMs - Math.max(execution.by.soundSinceMs, execution.sinceMs);
      if (code === "E_SILENT" && soundMs > ownLimits.leaseSeconds * 1_000 + graceMs)
        this.wrong(`${triggeredid} was taken for silent, but ${execution.by.name} asks for ${soundMs} ms`);
      if (code === "E_NOT_STARTED" && soundMs > graceMs)
        this.wrong(`${triggeredid} was taken for not started, but is worked on for ${soundMs} ms`);
    }
  }

  /** A conductor gave these out: into free slots, within the limits, in runs that go on. */
  gaveOut(desk: Desk, events: readonly CloudEvent[]): void {
    const given = events.filter((event) => isGiven(event));
    if (given.length === 0) return;
    const atWork = openNow(desk);
    for (const event of given) {
      const run = desk.rows.runs.get(event.run ?? "");
      const may = event.role === "shadow" ? mayShadow(run) : mayGoOn(run);
      if (!may) this.wrong(`${event.id} was given out in a run that does not go on`);
      this.#checkRoom(desk, event, atWork);
    }
  }

  #checkRoom({ live, rows }: Desk, event: CloudEvent, atWork: readonly Place[]): void {
    const { handler = "", project = "" } = event;
    const key = findHandler(rows, project, handler)?.key ?? "";
    const capability = parseType(event.type)?.subject;
    const count = (fits: (place: Place) => boolean): number => atWork.filter(fits).length;
    const slots = live.get(key)?.concurrency ?? 0;
    const busy = count((place) => findHandler(rows, place.project, place.handler)?.key === key);
    if (busy > slots) this.wrong(`${event.id}: ${busy} at work in ${slots} slots of ${handler}`);
    const limits = limitsIn(rows)(project);
    const ours = (place: Place): boolean => place.project === project;
    const most = (limit: number | undefined, running: number, of: string): void => {
      if (limit !== undefined && running > limit)
        this.wrong(`${event.id}: ${running} of ${of}, the limit is ${limit}`);
    };
    most(
      limits?.handlers?.[handler],
      count((place) => ours(place) && place.handler === handler),
      handler,
    );
    if (event.role === "shadow") return;
    const decides = (place: Place): boolean => ours(place) && place.role === "primary";
    most(limits?.running, count(decides), project);
    const same = count((place) => decides(place) && place.capability === capability);
    most(limits?.capabilities?.[capability ?? ""], same, capability ?? "");
  }
}

interface Place {
  id: string;
  project: string;
  capability: string;
  handler: string;
  role: string;
}

/** What is at work, counted from the rows and from what is on its way, not from what the desk counts. */
function openNow({ rows, onTheirWay }: Desk): Place[] {
  const places = new Map<string, Place>();
  const add = (task: Task | Ask, role: string, project = ""): void => {
    if (!isOpen<Task | Ask>(task) || task.cached) return;
    const { triggeredid: id, capability, handler } = task;
    places.set(id, { id, capability, handler, project, role });
  };
  for (const task of rows.tasks.values()) add(task, "primary", rows.runs.get(task.run)?.scope.project);
  for (const ask of rows.asks.values()) add(ask, ask.role, ask.head.scope.project);
  for (const { id, handler = "", project = "", role = "primary", type } of onTheirWay.values()) {
    places.set(id, { id, handler, project, role, capability: parseType(type)?.subject ?? "" });
  }
  return [...places.values()];
}
