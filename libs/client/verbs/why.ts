import { why } from "@jackfield/spec/ask/conductor";
import { event as oneEvent, events } from "@jackfield/spec/ask/tracker";
import { comparePositions, parsePosition } from "@jackfield/spec/event/position";
import { eventLine } from "../event-line.ts";
import { exit } from "../exit.ts";
import { findRun, projectOf } from "../lookup.ts";
import { ownSource } from "../post.ts";
import { parseRef } from "../refs.ts";
import { segment, type Server } from "../server.ts";
import type { Call, Verb } from "../verb.ts";
import { clock } from "../words.ts";

export const verb: Verb = {
  name: "why",
  group: "see",
  takes: "REF",
  does: "its state, what blocked or fired it, what to do",
  flags: {
    chain: { says: "the causes, from the root on" },
    cache: { says: "why the cache answered, or did not" },
  },
  run: async (call) => {
    const { flags, out } = call;
    const server = await call.server();
    const target = await targetOf(call, server, call.refs[0] ?? "@last");
    const answer = await server.get(why.answer, `/v1/why/${segment(target.ref)}`, {
      project: target.project,
    });
    const chain = flags.on("chain") ? await chainOf(server, target) : [];
    out.show({ ...answer, ...(flags.on("chain") && { chain }) }, () =>
      [
        answer.what.includes(answer.state) ? answer.what : `${answer.what}   ${answer.state}`,
        ...answer.because.map((line) => `  ${line.replaceAll("\n", "\n    ")}`),
        ...(flags.on("cache") ? answer.cache.map((line) => `  ${line}`) : []),
        ...chain.map(({ event, at }) =>
          eventLine({ event, when: clock(at), own: ownSource, runs: true }, out),
        ),
      ].join("\n"),
    );
    if (answer.next !== undefined) out.next(answer.next);
    return exit.pass;
  },
};

interface Target {
  /** The id of a run, task or event. */
  ref: string;
  project: string | undefined;
  /** The last event of it, as a filter finds it. */
  filter?: string;
}

async function targetOf(call: Call, server: Server, text: string): Promise<Target> {
  const { kind } = parseRef(text);
  if (kind !== "run" && kind !== "task" && kind !== "shortcut")
    return { ref: text, project: projectOf(call) };
  const { tree, step } = await findRun(call, server, text);
  const { run, project } = tree.run;
  return step === undefined
    ? { ref: run, project, filter: `run=${run}` }
    : { ref: `${run}/${step}`, project, filter: `subject=${run}/${step}` };
}

async function chainOf(server: Server, { ref, project, filter }: Target) {
  const id = filter === undefined ? ref : await lastEventOf(server, filter, project);
  if (id === undefined) return [];
  const found = await server.get(oneEvent.answer, `/v1/events/${segment(id)}`, { project });
  return [...found.causes, found.found].sort((a, b) =>
    comparePositions(parsePosition(a.position), parsePosition(b.position)),
  );
}

async function lastEventOf(
  server: Server,
  filter: string,
  project: string | undefined,
): Promise<string | undefined> {
  const page = await server.get(events.answer, "/v1/events", { filter, project, order: "newest", limit: 1 });
  return page.events[0]?.event.id;
}
