import { Problem, problemFrom } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { runFinished, runRefused, runStarted } from "@jackfield/spec/facts/run";
import { authorOf, eventLine, isQuiet, scopeText, since } from "./event-line.ts";
import { exitOfOutcome, exit, worstExit } from "./exit.ts";
import { followEvents, type LoggedEvent } from "./event-stream.ts";
import { ownSource } from "./post.ts";
import type { Call } from "./verb.ts";
import type { Server } from "./server.ts";
import { columns, duration } from "./words.ts";

/** A story to follow: everything with one correlation id, until these runs have finished. */
export interface Story {
  correlationid: string;
  /** The reader has everything up to here. */
  from: string;
  /** Absent when nobody could say; then those that the root turns out to start. */
  runs?: readonly string[];
  /** The event that began it, told by its run's start, which knows the name. */
  root: CloudEvent;
}

export interface FollowedRun {
  run: string;
  runname: string;
  outcome: string;
  position: string;
}

/** What came of a story: its runs, or that watching stopped before they ended. */
export interface Ending {
  runs: FollowedRun[];
  stopped?: "interrupted" | "waited";
}

const defaultTimeout = "24h";

/** Prints events as they pass, until the runs have finished, the time is up, or somebody presses Ctrl-C. */
export async function followStory(call: Call, server: Server, story: Story): Promise<Ending> {
  const timeoutMs = duration(call.flags.text("timeout") ?? defaultTimeout);
  if (timeoutMs === undefined)
    throw new Problem("E_USAGE", `${call.flags.text("timeout") ?? ""} is no duration`, {
      next: "write 90s, 30m or 2h",
    });
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([call.signal, deadline]);
  const open = new Set(story.runs);
  const isOurs = ({ type, causationid }: CloudEvent): boolean =>
    story.runs === undefined && type === runStarted.type && causationid === story.root.id;
  const runs: FollowedRun[] = [];
  const watching = new Watching(call, story);
  const { correlationid, from } = story;
  for await (const told of followEvents(server, { correlationid, from }, signal)) {
    if ("gap" in told) continue;
    watching.tell(told.event);
    const { event, position } = told.event;
    if (event.type === runRefused.type) throw problemFrom(runRefused.data.parse(event.data).problem);
    if (event.run !== undefined && isOurs(event)) open.add(event.run);
    if (event.type !== runFinished.type || event.run === undefined || !open.delete(event.run)) continue;
    const { outcome } = runFinished.data.parse(event.data);
    runs.push({ run: event.run, runname: event.runname ?? event.run, outcome, position });
    if (open.size === 0) return { runs };
  }
  return { runs, stopped: call.signal.aborted ? "interrupted" : "waited" };
}

/** Tells each event once, counted from the first. */
class Watching {
  readonly #call: Call;
  readonly #story: Story;
  #startMs: number | undefined;

  constructor(call: Call, story: Story) {
    this.#call = call;
    this.#story = story;
  }

  tell({ event, at }: LoggedEvent): void {
    this.#startMs ??= Date.parse(at);
    const { out } = this.#call;
    const when = since(this.#startMs, at);
    if (event.type === runStarted.type) {
      out.say(this.#askedLine(event, when));
      return;
    }
    if (event.id === this.#story.root.id || isQuiet(event)) return;
    const many = (this.#story.runs?.length ?? 0) > 1;
    out.say(eventLine({ event, when, own: ownSource, runs: many }, out));
  }

  /** `run.requested  weather/seattle  seattle-1`: the request, with the name that its run was given. */
  #askedLine(event: CloudEvent, when: string): string {
    const who = event.causationid === this.#story.root.id ? "you" : authorOf(event, ownSource);
    const text = `${scopeText(event).padEnd(39)}  ${event.runname ?? ""}`;
    return `  ${when.padEnd(8)} ${who.padEnd(10)}  ${"run.requested".padEnd(19)}  ${text}`.trimEnd();
  }
}

/** Ends a verb that caused runs: says how it stopped, and answers with the exit code that the worst run decides. */
export function endOfStory(call: Call, ending: Ending, runs: readonly string[]): number {
  const { out, flags } = call;
  const finished = ending.runs.map(({ outcome }) =>
    exitOfOutcome(outcome as Parameters<typeof exitOfOutcome>[0], { strict: flags.on("strict") }),
  );
  if (ending.stopped === undefined) return worstExit(finished);
  const left = runs.filter((run) => !ending.runs.some((each) => each.run === run));
  const what = left.length === 1 ? (left[0] ?? "") : `${left.length} runs`;
  if (ending.stopped === "interrupted") {
    out.say(
      columns([`stopped watching; ${what} goes on`, `to end it: jackfield abort ${left[0] ?? "@last"}`]),
    );
    return exit.interrupted;
  }
  out.say(`waited too long; ${what} goes on`);
  out.next(`jackfield show ${left[0] ?? "@last"} --wait`);
  return worstExit([...finished, exit.waited]);
}
