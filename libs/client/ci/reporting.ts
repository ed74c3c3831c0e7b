import { appendFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { asProblem } from "@jackfield/problem/problem";
import { shortType } from "@jackfield/spec/event/type";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { exit } from "../exit.ts";
import type { Call, Flag } from "../verb.ts";
import { many } from "../words.ts";
import type { CodeHost, Status } from "./code-host.ts";
import { githubHost } from "./github.ts";
import { gitlabHost } from "./gitlab.ts";
import { junitOf } from "./junit.ts";
import { pipelineOf, type Pipeline } from "./pipeline.ts";
import { isOpenStory, placeOf, verdictOf, type StoryReport } from "./story-report.ts";
import { summaryOf } from "./summary.ts";
import { markerOf, writeComment } from "./write-comment.ts";

/** Flags that tell a story elsewhere, too. */
export const reportingFlags: Readonly<Record<string, Flag>> = {
  summary: { says: "append the story as Markdown: --summary $GITHUB_STEP_SUMMARY", value: "FILE" },
  junit: { says: "write it as JUnit XML: a suite a run, a case a task", value: "FILE" },
  comment: { says: "keep one comment about it on the pull or merge request of this job" },
  status: { says: "set the status of the commit: pending, then the verdict" },
};

const hosts = { github: githubHost, gitlab: gitlabHost } as const;

type Surroundings = Pick<Call, "flags" | "out" | "folder" | "environment">;

/** Tells a story to files, and to the host of the code. What cannot be told never changes the verdict. */
export class Reporting {
  readonly #call: Surroundings;
  readonly #event: CloudEvent;
  readonly #host: CodeHost | undefined;
  readonly #pipeline: Pipeline | undefined;

  /** @throws Problem E_USAGE when this job cannot do what the flags ask for. */
  constructor(call: Surroundings, event: CloudEvent) {
    const speaks = call.flags.on("comment") || call.flags.on("status");
    this.#call = call;
    this.#event = event;
    this.#pipeline = speaks ? pipelineOf(call.environment) : undefined;
    this.#host = this.#pipeline === undefined ? undefined : hosts[this.#pipeline.kind](this.#pipeline);
  }

  async begin(): Promise<void> {
    await this.#setStatus("pending", `${shortType(this.#event.type)} was sent`);
  }

  async end(report: StoryReport): Promise<void> {
    const { flags, folder } = this.#call;
    const [summary, junit] = [flags.text("summary"), flags.text("junit")];
    const told = summaryOf(report);
    if (summary !== undefined)
      await this.#attempt(`--summary ${summary}`, () => appendFile(resolve(folder, summary), told));
    if (junit !== undefined)
      await this.#attempt(`--junit ${junit}`, () => writeFile(resolve(folder, junit), junitOf(report)));
    if (flags.on("comment")) await this.#attempt("--comment", () => this.#comment(told));
    const passed = report.trees.filter(({ run }) => run.state === "pass").length;
    await this.#setStatus(
      stateOf(report),
      `${verdictOf(report)}: ${passed} of ${many(report.trees.length, "run")} passed`,
    );
  }

  async #comment(told: string): Promise<void> {
    if (this.#host === undefined || this.#pipeline === undefined) return;
    const { change, name, url } = this.#pipeline;
    if (change === undefined) {
      this.#call.out.say("no comment: this job belongs to no pull or merge request");
      return;
    }
    const link = url === undefined || !/^https?:\/\/[^\s<>()]+$/.test(url) ? "" : `\n[the job](${url})\n`;
    await writeComment(this.#host, change, {
      marker: markerOf(this.#event.project ?? "", name),
      body: told + link,
    });
  }

  async #setStatus(state: Status["state"], description: string): Promise<void> {
    const host = this.#host;
    if (host === undefined || !this.#call.flags.on("status")) return;
    const context = `jackfield/${placeOf(this.#event)}`;
    await this.#attempt("--status", () =>
      host.setStatus({ state, context, description, url: this.#pipeline?.url }),
    );
  }

  async #attempt(what: string, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (thrown) {
      const { message, why } = asProblem(thrown);
      this.#call.out.say(`${what} did not work: ${message}${why === undefined ? "" : `\n  ${why}`}`);
    }
  }
}

function stateOf(report: StoryReport): Status["state"] {
  if (isOpenStory(report)) return "pending";
  if (report.exit === exit.pass) return "success";
  return report.exit === exit.fail || report.exit === exit.warning ? "failure" : "error";
}
