import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { asProblem, Problem } from "@jackfield/problem/problem";
import { cloudEvent, type CloudEvent } from "@jackfield/spec/event/envelope";
import { longType, shortType } from "@jackfield/spec/event/type";
import { askForRuns } from "../ask-for-runs.ts";
import { Reporting, reportingFlags } from "../ci/reporting.ts";
import type { StoryReport } from "../ci/story-report.ts";
import { withCode } from "../code-change.ts";
import { projectOf } from "../lookup.ts";
import { ownEvent, type Accepted } from "../post.ts";
import { exit, exitOfProblem } from "../exit.ts";
import type { Server } from "../server.ts";
import { working, type Call, type Verb } from "../verb.ts";

export const verb: Verb = {
  name: "emit",
  group: "work",
  takes: "TYPE|FILE|-",
  does: "state a fact, follow what it causes",
  flags: {
    data: { says: "its content as JSON, or @FILE", value: "JSON" },
    id: { says: "its id; sending the same id again is harmless", value: "ID" },
    ...reportingFlags,
    optional: { says: "that nothing reacts is no failure" },
    ...working,
  },
  more: [
    "TYPE is short (code.changed, fetch.requested) or whole; FILE and - hold one CloudEvent, or its shorthand",
    '{"type": "code.changed", "data": {…}}. --project NAME or PROJECT/SUBPROJECT says where it belongs.',
  ],
  run: async (call) => {
    const said = await readEvent(call);
    const reporting = new Reporting(call, said);
    const server = await call.server();
    await reporting.begin();
    const report: StoryReport = { event: said, exit: exit.ourFault, trees: [], problems: [], left: [] };
    try {
      report.event = await withCode(server, said, call.folder);
      report.exit = await tellStory(call, server, report);
      return report.exit;
    } catch (thrown) {
      const problem = asProblem(thrown);
      report.problems = [problem];
      report.exit = call.signal.aborted ? exit.interrupted : exitOfProblem(problem.code);
      throw thrown;
    } finally {
      await reporting.end(report);
    }
  },
};

const tellStory = (call: Call, server: Server, report: StoryReport): Promise<number> =>
  askForRuns(call, server, [report.event], {
    wholeStory: true,
    optional: call.flags.on("optional"),
    onAccepted: (answers) => sayWhoListens(call, report.event, answers),
    onEnding: (trees, { refused, left }) => Object.assign(report, { trees, problems: refused, left }),
  });

function sayWhoListens({ out }: Call, event: CloudEvent, answers: readonly Accepted[]): void {
  const [answer] = answers;
  if (answer === undefined) return;
  out.say(
    `${shortType(event.type)} ${answer.id}${answer.duplicate ? "   was here before; nothing new happens" : ""}`,
  );
  for (const { workflow, subproject, run } of answer.listeners ?? [])
    out.say(`  → ${workflow}${subproject === undefined ? "" : ` of ${subproject}`}   run ${run}`);
}

/** `--project weather/seattle` says both. */
function scopeOf(call: Call): Pick<CloudEvent, "project" | "subproject"> {
  const [project, subproject] = (projectOf(call) ?? "").split("/");
  return {
    ...(project !== undefined && project !== "" && { project }),
    ...(subproject !== undefined && { subproject }),
  };
}

async function readEvent(call: Call): Promise<CloudEvent> {
  const [what] = call.refs;
  if (what === undefined || call.refs.length > 1)
    throw new Problem("E_USAGE", "emit takes one type, one file, or -", {
      next: "jackfield emit code.changed",
    });
  const content = await contentOf(what, call.folder);
  const id = call.flags.text("id");
  const own = { ...(id !== undefined && { id }), ...scopeOf(call) };
  if (content !== undefined) return fromContent(content, what, own);
  const data = await readData(call);
  return ownEvent({ type: longType(what), ...own, ...(data !== undefined && { data }) });
}

/** A word with a dot is a type unless such a file is there. */
async function contentOf(what: string, folder: string): Promise<string | undefined> {
  if (what === "-") return textOf(process.stdin);
  const text = await readFile(resolve(folder, what), "utf8").catch(() => undefined);
  if (text === undefined && /[/\\]|\.json$/.test(what))
    throw new Problem("E_NOT_FOUND", `There is no file ${what}`);
  return text;
}

function fromContent(text: string, file: string, own: Partial<CloudEvent>): CloudEvent {
  const value = parseJson(text, file === "-" ? "stdin" : file);
  if (typeof value !== "object" || value === null || !("type" in value) || typeof value.type !== "string")
    throw new Problem("E_NOT_AN_EVENT", `${file} holds no event`, {
      why: "an event is a JSON object with at least a type",
      next: '{"type": "code.changed", "data": {}}',
    });
  // What the event says itself is stronger than the folder one stands in; what the flags say is stronger still.
  if ("specversion" in value) return checked({ ...value, ...(own.id !== undefined && { id: own.id }) });
  return checked(
    ownEvent({ ...own, ...value, type: longType(value.type), ...(own.id !== undefined && { id: own.id }) }),
  );
}

function checked(value: unknown): CloudEvent {
  const parsed = cloudEvent.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Problem(
    "E_NOT_AN_EVENT",
    `This is no CloudEvent: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
  );
}

async function readData({ flags, folder }: Call): Promise<unknown> {
  const said = flags.text("data");
  if (said === undefined) return undefined;
  if (!said.startsWith("@")) return parseJson(said, "--data");
  return parseJson(await readFile(resolve(folder, said.slice(1)), "utf8"), said.slice(1));
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Problem("E_USAGE", `${where} is no JSON: ${reason}`, {
      next: "quote it for the shell: --data '{\"a\": 1}'",
    });
  }
}
