import { Problem, problemFrom } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { runFinished, runRefused, runStarted } from "@jackfield/spec/facts/run";
import { authorOf, eventLine, isQuiet, scopeText, since } from "./event-line.ts";
import { exitOfOutcome, exit, worstExit } from "./exit.ts";
import { followEvents } from "./event-stream.ts";
import { openRuns } from "./open-runs.ts";
import { ownSource } from "./post.ts";
import type { Interruption, LoggedEvent } from "./told.ts";
import type { Call } from "./verb.ts";
import type { Server } from "./server.ts";
import { columns, duration } from "./words.ts";

/** A story to follow: everything with one correlation id, until its runs have finished. */
export interface Story {
  correlationid: string;
  /** The reader has everything up to here. */
  from: string;
  /** Only these; absent: all runs of the story, also those that its runs lead to. */
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
  /** Runs that were asked for and could not become one. */
  refused: Problem[];
  /** Those that go on. */
  left: string[];
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
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]);
  const following = new Following(call, server, story, signal);
  try {
    return await following.toTheEnd();
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    return following.ending(call.signal.aborted ? "interrupted" : "waited");
  }
}

/** Which runs of a story are waited for, and what came of the others. */
class Following {
  readonly #server: Server;
  readonly #story: Story;
  readonly #signal: AbortSignal;
  readonly #watching: Watching;
  readonly #open: Set<string>;
  readonly #runs: FollowedRun[] = [];
  readonly #refused: Problem[] = [];
  #position: string;

  constructor(call: Call, server: Server, story: Story, signal: AbortSignal) {
    this.#server = server;
    this.#story = story;
    this.#signal = signal;
    this.#watching = new Watching(call, story);
    this.#open = new Set(story.runs);
    this.#position = story.from;
  }

  async toTheEnd(): Promise<Ending> {
    if (await this.#isOver()) return this.ending();
    const { correlationid, from } = this.#story;
    for await (const told of followEvents(this.#server, { correlationid, from }, this.#signal)) {
      if (!("event" in told)) this.#watching.interrupted(told);
      else if (this.#take(told.event) && (await this.#isOver())) return this.ending();
    }
    this.#signal.throwIfAborted();
    return this.ending();
  }

  ending(stopped?: Ending["stopped"]): Ending {
    const ended = { runs: this.#runs, refused: this.#refused, left: [...this.#open] };
    return stopped === undefined ? ended : { ...ended, stopped };
  }

  /** Takes one event; true when it ended a run, or refused one. */
  #take(logged: LoggedEvent): boolean {
    this.#watching.tell(logged);
    const { event, position } = logged;
    this.#position = position;
    const { run, type } = event;
    if (run === undefined) return false;
    const isOurs = this.#story.runs === undefined || this.#open.has(run);
    if (type === runStarted.type && isOurs) this.#open.add(run);
    if (type === runRefused.type && isOurs) {
      this.#refused.push(problemFrom(runRefused.data.parse(event.data).problem));
      return this.#open.delete(run) || this.#open.size === 0;
    }
    if (type !== runFinished.type || !this.#open.delete(run)) return false;
    const { outcome } = runFinished.data.parse(event.data);
    this.#runs.push({ run, runname: event.runname ?? run, outcome, position });
    return true;
  }

  /** A story of which every run is followed is over when nothing that is known could go on. */
  async #isOver(): Promise<boolean> {
    const { runs, correlationid } = this.#story;
    if (this.#open.size > 0) return false;
    if (runs !== undefined) return true;
    const place = { correlationid, signal: this.#signal };
    for (const run of await openRuns(this.#server, this.#position, place)) this.#open.add(run);
    return this.#open.size === 0;
  }
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
    const several = this.#story.runs === undefined || this.#story.runs.length > 1;
    out.say(eventLine({ event, when, own: ownSource, runs: several }, out));
  }

  /** Between two connections, or where something is not there any more. */
  interrupted(told: Interruption): void {
    this.#call.out.say(`  … ${"gap" in told ? told.gap : told.away}`);
  }

  /** `run.requested  weather/seattle  seattle-1`: the request, with the name that its run was given. */
  #askedLine(event: CloudEvent, when: string): string {
    const who = event.causationid === this.#story.root.id ? "you" : authorOf(event, ownSource);
    const text = `${scopeText(event).padEnd(39)}  ${event.runname ?? ""}`;
    return `  ${when.padEnd(8)} ${who.padEnd(10)}  ${"run.requested".padEnd(19)}  ${text}`.trimEnd();
  }
}

/** Ends a verb that caused runs: says how it stopped, and answers with the exit code that the worst run decides. */
export function endOfStory(call: Call, ending: Ending): number {
  const { out, flags } = call;
  const { runs, refused, left, stopped } = ending;
  const finished = [
    ...runs.map(({ outcome }) =>
      exitOfOutcome(outcome as Parameters<typeof exitOfOutcome>[0], { strict: flags.on("strict") }),
    ),
    ...refused.map(() => exit.couldNotRun),
  ];
  if (stopped === undefined) return worstExit(finished);
  const what = left.length === 1 ? (left[0] ?? "") : `${left.length} runs`;
  if (stopped === "interrupted") {
    out.say(
      columns([`stopped watching; ${what} goes on`, `to end it: jackfield abort ${left[0] ?? "@last"}`]),
    );
    return exit.interrupted;
  }
  out.say(`waited too long; ${what} goes on`);
  out.next(`jackfield show ${left[0] ?? "@last"} --wait`);
  return worstExit([...finished, exit.waited]);
}
