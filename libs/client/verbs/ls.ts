import type { z } from "zod";
import { nearestNames } from "@jackfield/problem/nearest";
import { Problem } from "@jackfield/problem/problem";
import { handlers } from "@jackfield/spec/ask/conductor";
import { projectList } from "@jackfield/spec/ask/projects";
import { answered, events, runs } from "@jackfield/spec/ask/tracker";
import { outcomeOf } from "@jackfield/spec/event/outcome";
import { listTokens } from "../admin-http-token.ts";
import { showBindings } from "../bindings.ts";
import { eventLine } from "../event-line.ts";
import { exit } from "../exit.ts";
import { instantOf } from "../instant.ts";
import { keptAsideText, readKeptAside } from "../kept-aside.ts";
import { projectOf, type RunRow } from "../lookup.ts";
import { ownSource } from "../post.ts";
import { rangeOf } from "../show-capability.ts";
import type { Server } from "../server.ts";
import { past, type Call, type Verb } from "../verb.ts";
import { clock, many, metricsInShort, seconds, table } from "../words.ts";
import { checkedFilter } from "./tail.ts";

export const verb: Verb = {
  name: "ls",
  group: "see",
  takes: "[KIND]",
  does: "nothing = what needs me; runs, handlers, bindings, projects, subprojects, events, parked, tokens",
  flags: {
    limit: { says: "at most so many", value: "N" },
    where: { says: "only those that match, as in tail", value: "FILTER" },
    at: { ...past.at, says: `runs ${past.at.says}` },
  },
  run: async (call) => {
    const [kind, ...more] = call.refs;
    const list = kind === undefined ? whatNeedsMe : kinds[kind];
    if (list === undefined || more.length > 0) throw unknownKind(kind ?? "");
    if (call.flags.text("at") !== undefined && kind !== "runs")
      throw new Problem("E_USAGE", "Only runs are listed as they were", {
        next: "jackfield ls runs --at TIME",
      });
    return list(call, await call.server());
  },
};

type List = (call: Call, server: Server) => Promise<number>;

function unknownKind(kind: string): Problem {
  const [near] = nearestNames(kind, Object.keys(kinds), 1);
  return new Problem("E_USAGE", `There is no list of ${kind}`, {
    why: `there are ${Object.keys(kinds).join(", ")}`,
    ...(near !== undefined && { next: `did you mean jackfield ls ${near}?` }),
  });
}

function limitOf({ flags }: Call, usual: number): number {
  const said = flags.text("limit");
  if (said === undefined) return usual;
  if (/^[1-9]\d{0,2}$/.test(said) && Number(said) <= 500) return Number(said);
  throw new Problem("E_USAGE", `--limit ${said} is no number from 1 to 500`);
}

const filterOf = ({ flags }: Call): string | undefined => checkedFilter(flags.text("where") ?? "");

const runTable = (rows: readonly RunRow[]): string =>
  table(
    ["run", "of", "state", "began", "tasks", "metrics"],
    rows.map((run) => [
      run.runname,
      [run.project, run.subproject].filter((part) => part !== undefined).join("/"),
      run.verdict === "none" && run.state === "pass" ? "no verdict" : run.state,
      clock(run.startedAt),
      `${run.tasks.total}${run.tasks.cached > 0 ? ` (${run.tasks.cached} cached)` : ""}`,
      metricsInShort(run.metrics),
    ]),
  );

const nothing = (what: string): string => `no ${what}`;

const listRuns: List = async (call, server) => {
  const query = {
    project: projectOf(call),
    filter: filterOf(call),
    limit: limitOf(call, 20),
    at: instantOf(call.flags),
  };
  const page = await server.get(runs.answer, "/v1/runs", query);
  call.out.show(page.runs, () => (page.runs.length === 0 ? nothing("runs") : runTable(page.runs)));
  return exit.pass;
};

type HandlerRow = z.output<typeof handlers.answer>["handlers"][number];

type Answered = z.output<typeof answered.answer>["handlers"][number];

const handlerTable = (rows: readonly (HandlerRow & { said?: Answered | undefined })[]): string =>
  table(
    ["handler", "version", "answers", "for", "state", "working", "last answer", "errors"],
    rows.map((row) => [
      row.handler,
      row.version,
      Object.entries(row.contracts)
        .map(([capability, range]) => `${capability} ${rangeOf(range)}`)
        .join(", "),
      row.project ?? "every project",
      row.alive ? "here" : `silent for ${seconds(row.silentSeconds ?? 0)}`,
      `${row.running} of ${row.concurrency}`,
      lastAnswer(row.said),
      row.said === undefined ? "" : `${row.said.errors} of ${row.said.answered}`,
    ]),
  );

const lastAnswer = (said: Answered | undefined): string =>
  said === undefined ? "none" : `${outcomeOf(said.last.status, said.last.result)} ${clock(said.last.at)}`;

const listHandlers: List = async (call, server) => {
  const query = { project: projectOf(call) };
  const [known, log] = await Promise.all([
    server.get(handlers.answer, "/v1/handlers", query),
    server.get(answered.answer, "/v1/answered", query),
  ]);
  const said = new Map(log.handlers.map((one) => [one.handler, one]));
  const rows = known.handlers.map((row) => ({ ...row, said: said.get(row.handler) }));
  call.out.show(rows, () => handlerTable(rows));
  return exit.pass;
};

const listProjects: List = async (call, server) => {
  const { projects } = await server.get(projectList.answer, "/v1/projects");
  const rows = projects.map(({ project, version, subprojects }) => [
    project,
    String(version),
    String(subprojects.length),
  ]);
  call.out.show(projects, () =>
    rows.length === 0
      ? nothing("projects; jackfield apply makes one")
      : table(["project", "version", "subprojects"], rows),
  );
  return exit.pass;
};

const listSubprojects: List = async (call, server) => {
  const wanted = projectOf(call);
  const { projects } = await server.get(projectList.answer, "/v1/projects");
  const rows = projects
    .filter(({ project }) => wanted === undefined || project === wanted)
    .flatMap(({ project, version, subprojects }) =>
      subprojects.map((subproject) => ({ project, subproject, version })),
    );
  call.out.show(rows, () => rows.map(({ project, subproject }) => `${project}/${subproject}`).join("\n"));
  return exit.pass;
};

const listEvents: List = async (call, server) => {
  const query = {
    project: projectOf(call),
    filter: filterOf(call),
    order: "newest",
    limit: limitOf(call, 20),
  };
  const page = await server.get(events.answer, "/v1/events", query);
  const inOrder = page.events.reverse();
  call.out.show(inOrder, () =>
    inOrder
      .map(({ event, at }) => eventLine({ event, when: clock(at), own: ownSource, runs: true }, call.out))
      .join("\n"),
  );
  return exit.pass;
};

const listParked: List = async (call, server) => {
  const aside = await readKeptAside(server, { filter: filterOf(call), limit: limitOf(call, 20) });
  call.out.show(aside, () => keptAsideText(aside));
  if (aside.parked.length > 0) call.out.next("jackfield retry --parked --dry-run");
  return exit.pass;
};

const kinds: Readonly<Record<string, List>> = {
  runs: listRuns,
  handlers: listHandlers,
  bindings: showBindings,
  projects: listProjects,
  subprojects: listSubprojects,
  events: listEvents,
  parked: listParked,
  tokens: listTokens,
};

/** Of each subproject the last run, if it is bad or still going on; silent handlers; what was kept aside. */
async function whatNeedsMe(call: Call, server: Server): Promise<number> {
  const project = projectOf(call);
  const [page, { handlers: known }, aside] = await Promise.all([
    server.get(runs.answer, "/v1/runs", { project, limit: 200 }),
    server.get(handlers.answer, "/v1/handlers", { project }),
    readKeptAside(server, { limit: 500 }),
  ]);
  const last = [
    ...new Map(page.runs.toReversed().map((run) => [`${run.project}/${run.subproject ?? ""}`, run])).values(),
  ];
  const open = last.filter(({ state }) => state !== "pass");
  const silent = known.filter(({ alive }) => !alive);
  const needs = {
    runs: open,
    handlers: silent,
    parked: aside.parked.length,
    withheld: aside.withheld.length,
  };
  call.out.show(needs, () => {
    const parts = [
      ...(open.length === 0 ? [] : [runTable(open)]),
      ...(silent.length === 0 ? [] : [handlerTable(silent)]),
      ...(needs.parked === 0 ? [] : [`${many(needs.parked, "event")} parked: jackfield retry --parked`]),
      ...(needs.withheld === 0 ? [] : [`${many(needs.withheld, "event")} withheld: jackfield ls parked`]),
    ];
    return parts.length === 0 ? "nothing needs you" : parts.join("\n\n");
  });
  const [first] = open;
  if (first !== undefined) call.out.next(`jackfield why ${first.runname}`);
  return exit.pass;
}
