import type { Problem } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { exit } from "../exit.ts";
import type { RunTree } from "../lookup.ts";

/** What came of an emitted fact, for those who read it elsewhere than on the terminal. */
export interface StoryReport {
  event: CloudEvent;
  /** The exit code of the command. */
  exit: number;
  trees: readonly RunTree[];
  /** What could not become a run, or why nothing did. */
  problems: readonly Problem[];
  /** Runs that go on. */
  left: readonly string[];
}

const words: Readonly<Record<number, string>> = {
  [exit.pass]: "pass",
  [exit.waited]: "still running",
  [exit.fail]: "fail",
  [exit.warning]: "warning",
  [exit.aborted]: "aborted",
  [exit.notFound]: "nothing reacted",
  [exit.couldNotRun]: "could not run",
  [exit.interrupted]: "still running",
};

/** The verdict of the whole story in a word or two. */
export const verdictOf = ({ exit: code }: Pick<StoryReport, "exit">): string => words[code] ?? "error";

/** Is the last word spoken? */
export const isOpenStory = ({ exit: code }: Pick<StoryReport, "exit">): boolean =>
  code === exit.waited || code === exit.interrupted;

/** `weather/seattle`, as far as it is known. */
export const placeOf = ({ project, subproject }: Pick<CloudEvent, "project" | "subproject">): string =>
  [project, subproject].filter((part) => part !== undefined).join("/");
