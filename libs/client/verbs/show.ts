import { Problem } from "@jackfield/problem/problem";
import { handlers } from "@jackfield/spec/ask/conductor";
import { event as oneEvent, events, runs } from "@jackfield/spec/ask/tracker";
import { eventLine } from "../event-line.ts";
import { exit } from "../exit.ts";
import { findKeptAside, keptAsideText } from "../kept-aside.ts";
import { findRun, findSubprojects, projectOf, requireProject } from "../lookup.ts";
import { ownSource } from "../post.ts";
import { parseRef } from "../refs.ts";
import { segment, type Server } from "../server.ts";
import { findCapability, showCapability } from "../show-capability.ts";
import { showConfiguration } from "../show-configuration.ts";
import { showRun, showTask } from "../show-run.ts";
import { past, working, type Call, type Verb } from "../verb.ts";
import { clock, table } from "../words.ts";

const { timeout = { says: "" }, strict = { says: "" } } = working;

export const verb: Verb = {
  name: "show",
  group: "see",
  takes: "REF",
  does: "everything about a run, task, subproject, capability, handler, artifact or event, or what lies at a position",
  flags: {
    wait: { says: "until the run has finished; the exit code is its verdict" },
    resolved: { says: "a subproject's long form, with the origin of each value" },
    timeout,
    strict,
    at: { ...past.at, says: `a run or a task ${past.at.says}` },
  },
  run: async (call) => {
    const [text] = call.refs;
    checkPast(call);
    const server = await call.server();
    if (text === undefined || call.flags.on("resolved")) return showSubproject(call, server, text);
    const ref = parseRef(text);
    switch (ref.kind) {
      case "run":
      case "task":
      case "shortcut": {
        const { tree, step } = await findRun(call, server, text);
        return step === undefined ? showRun(call, server, tree) : showTask(call, tree, step);
      }
      case "artifact":
        return showArtifact(call, server, ref.digest);
      case "subproject":
        return showSubproject(call, server, text);
      case "event":
        return showEvent(call, server, ref.id);
      case "position":
        return showPosition(call, server, ref.position);
      case "name":
        return showNamed(call, server, ref.name);
    }
  },
};

/** Only what is folded from events of its own can be shown as it was. */
function checkPast({ flags, refs }: Call): void {
  if (flags.text("at") === undefined) return;
  const kind = refs[0] === undefined ? undefined : parseRef(refs[0]).kind;
  if (flags.on("wait")) throw new Problem("E_USAGE", "What was is over: --at and --wait do not go together");
  if (kind === "run" || kind === "task" || kind === "shortcut") return;
  throw new Problem("E_USAGE", "Only runs and tasks are shown as they were", {
    next: "jackfield show seattle-57 --at TIME; jackfield ls runs --at TIME; jackfield bind --at TIME",
  });
}

async function showSubproject(call: Call, server: Server, text: string | undefined): Promise<number> {
  const { applied, project, subprojects } = await findSubprojects(call, server, text);
  const [subproject = ""] = subprojects;
  if (call.flags.on("resolved")) return showConfiguration(call, applied, subproject);
  const page = await server.get(runs.answer, "/v1/runs", { project, subproject, limit: 10 });
  call.out.show({ project, subproject, version: applied.version, runs: page.runs }, () =>
    [
      `${project}/${subproject}   version ${applied.version}`,
      table(
        ["run", "state", "began"],
        page.runs.map((run) => [run.runname, run.state, clock(run.startedAt)]),
      ),
    ].join("\n\n"),
  );
  call.out.next(`jackfield show ${project}/${subproject} --resolved`);
  return exit.pass;
}

async function showArtifact(call: Call, server: Server, digest: string): Promise<number> {
  const project = requireProject(call);
  const path = `/v1/artifacts/${segment(digest)}`;
  // A refused HEAD has no words; the same GET has.
  const { headers } = await server
    .ask(path, { method: "HEAD", query: { project } })
    .catch(() => server.ask(path, { query: { project } }));
  const [, name] = /filename="([^"]*)"/.exec(headers.get("content-disposition") ?? "") ?? [];
  const about = {
    digest,
    name,
    mediaType: headers.get("content-type"),
    size: Number(headers.get("content-length")),
    url: `${server.address.url}${path}?project=${project}`,
  };
  call.out.show(about, () =>
    Object.entries(about)
      .map(([key, value]) => `${key.padEnd(9)}  ${String(value ?? "")}`)
      .join("\n"),
  );
  return exit.pass;
}

async function showEvent(call: Call, server: Server, id: string): Promise<number> {
  const answer = await server.get(oneEvent.answer, `/v1/events/${segment(id)}`, { project: projectOf(call) });
  const line = ({ event, at }: typeof answer.found): string =>
    eventLine({ event, when: clock(at), own: ownSource, runs: true }, call.out);
  call.out.show(answer, () =>
    [
      JSON.stringify(answer.found.event, null, 2),
      ...(answer.causes.length === 0 ? [] : ["", "causes", ...answer.causes.map(line)]),
      ...(answer.effects.length === 0 ? [] : ["", "effects", ...answer.effects.map(line)]),
    ].join("\n"),
  );
  return exit.pass;
}

/** What lies at a place of the stream: an event of the log, or what was kept aside. */
async function showPosition(call: Call, server: Server, position: string): Promise<number> {
  const aside = await findKeptAside(server, position);
  if (aside.parked.length + aside.withheld.length > 0) {
    const texts = [...aside.parked, ...aside.withheld].map(({ text }) => text);
    call.out.show(aside, () => [keptAsideText(aside), ...texts].join("\n\n"));
    return exit.pass;
  }
  const [epoch, sequence] = position.split("-");
  const query = { cursor: `${epoch}-${Number(sequence) - 1}`, limit: 1 };
  const [found] = (await server.get(events.answer, "/v1/events", query)).events;
  if (found?.position === position) return showEvent(call, server, found.event.id);
  throw new Problem("E_NOT_FOUND", `Nothing was kept at ${position}`, {
    why: "a repeat takes a place in the stream, and none in the log",
  });
}

const wordOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** A name alone: a capability, else a handler, else a subproject, else the id of an event. */
async function showNamed(call: Call, server: Server, name: string): Promise<number> {
  const { handlers: known } = await server.get(handlers.answer, "/v1/handlers", { project: projectOf(call) });
  const handler = known.find((each) => each.handler === name);
  const contract = await findCapability(server, name);
  if (contract !== undefined) return showCapability(call, server, contract);
  if (handler !== undefined) {
    call.out.show(handler, () =>
      Object.entries(handler)
        .map(([key, value]: [string, unknown]) => `${key.padEnd(13)}  ${wordOf(value)}`)
        .join("\n"),
    );
    return exit.pass;
  }
  try {
    return await showSubproject(call, server, name);
  } catch (thrown) {
    if (!(thrown instanceof Problem) || !["E_NOT_FOUND", "E_USAGE"].includes(thrown.code)) throw thrown;
  }
  return showEvent(call, server, name);
}
