import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { outcomeOf } from "@jackfield/spec/event/outcome";
import { shortType } from "@jackfield/spec/event/type";
import { at } from "./pick.ts";
import type { Output } from "./output.ts";
import { inOneLine } from "./printable.ts";
import { bar, columns, handlerWords, seconds } from "./words.ts";

/** Who said it, in one word: a service, a handler, or the last word of a foreign source. */
export function authorOf({ source }: CloudEvent, own: string): string {
  if (source === own) return "you";
  return source.split("/").findLast((part) => part !== "") ?? source;
}

/** Text at a path of the data, or undefined. */
const said = (event: CloudEvent, ...path: string[]): string | undefined => {
  const value = at(event.data, path);
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
};

/** One event in one line of words: what a person wants to know of it. */
export function eventText(event: CloudEvent, paint: Output["paint"] = (_, text) => text): string {
  const [subject = "", predicate = ""] = shortType(event.type).split(".");
  if (event.status !== undefined) return finishedText(event, paint);
  switch (predicate) {
    case "triggered":
      return triggeredText(event);
    case "progressed":
      return progressedText(event);
    case "started":
      return subject === "run" ? runStartedText(event) : "";
    case "finished":
      return runFinishedText(event, paint);
    case "requested":
      return subject === "run" ? scopeText(event) : "";
    default:
      return factText(event, subject);
  }
}

function triggeredText(event: CloudEvent): string {
  const handler = `→ ${handlerWords(event.handler, said(event, "handlerversion"))}`;
  if (at(event.data, ["cached"]) === true) return columns([handler, "answered by the cache"]);
  if (event.role === "shadow") return columns([handler, "shadow"]);
  // Only `command` runs the project's own line; any other handler ignores it.
  return columns([handler, event.handler === "command" ? said(event, "inputs", "command") : undefined]);
}

function progressedText(event: CloudEvent): string {
  const fraction = Number(said(event, "fraction"));
  return columns([Number.isFinite(fraction) ? bar(fraction, 8, "░") : undefined, said(event, "message")]);
}

function finishedText(event: CloudEvent, paint: Output["paint"]): string {
  const outcome = outcomeOf(event.status ?? "errored", event.result);
  const word = paint(outcome === "pass" ? "good" : "bad", outcome);
  const cached = at(event.data, ["cached"]) === true ? "cached" : undefined;
  const problem = said(event, "problem", "what");
  const code = said(event, "problem", "code");
  const why = problem === undefined ? said(event, "message") : columns([code, problem.split("\n")[0]]);
  return columns([word, event.role === "shadow" ? "shadow" : undefined, cached, why]);
}

const runStartedText = (event: CloudEvent): string =>
  columns([
    scopeText(event),
    said(event, "version") === undefined ? undefined : `version ${said(event, "version") ?? ""}`,
  ]);

function runFinishedText(event: CloudEvent, paint: Output["paint"]): string {
  const outcome = said(event, "outcome") ?? "";
  const none = said(event, "verdict") === "none" ? "no verdict" : undefined;
  return columns([paint(outcome === "pass" ? "good" : "bad", outcome), none]);
}

export const scopeText = ({ project, subproject }: CloudEvent): string =>
  [project, subproject].filter((part) => part !== undefined).join("/");

function factText(event: CloudEvent, subject: string): string {
  const reason = said(event, "reason");
  switch (subject) {
    case "binding":
      return columns([
        `${said(event, "capability") ?? "?"} = ${said(event, "handler") ?? "as before"}`,
        shadowsText(event),
        scopeText(event),
        reason,
      ]);
    case "config":
      return columns([event.project, `version ${said(event, "version") ?? "?"}`, reason]);
    case "handler":
      return columns([said(event, "handler"), said(event, "version")]);
    case "run":
      return columns([said(event, "problem", "what"), reason]);
    default:
      return event.subject ?? "";
  }
}

function shadowsText({ data }: CloudEvent): string | undefined {
  const shadows = at(data, ["shadows"]);
  return Array.isArray(shadows) && shadows.length > 0 ? `shadowed by ${shadows.join(", ")}` : undefined;
}

export interface LineParts {
  event: CloudEvent;
  /** The first column: `0.19 s` of a run, or the time of day. */
  when: string;
  own: string;
  /** Show which run it belongs to: in a stream of many. */
  runs: boolean;
}

/** `time  who  event  text`, as the demo prints it. */
export function eventLine({ event, when, own, runs }: LineParts, out: Pick<Output, "paint">): string {
  const text = eventText(event, out.paint);
  const type = shortType(event.type);
  const run = runs && event.runname !== undefined ? out.paint("dim", `   ${event.runname}`) : "";
  const line = `  ${when.padEnd(8)} ${authorOf(event, own).padEnd(10)}  ${type.padEnd(19)}  ${text}${run}`;
  return inOneLine(line.trimEnd());
}

/** Seconds since a start, as the demo counts. */
export const since = (startMs: number, at: string): string =>
  seconds(Math.max(0, Date.parse(at) - startMs) / 1000);

/** Steps of a task's life that say nothing new to somebody who watches one run. */
export const isQuiet = ({ type }: CloudEvent): boolean =>
  /\.(started|published|registered)$/.test(shortType(type));
