import { toCdevents } from "@jackfield/cdevents/to-cdevents";
import { events } from "@jackfield/spec/ask/tracker";
import { parseFilter } from "@jackfield/cesql/filter";
import { Problem } from "@jackfield/problem/problem";
import { eventLine } from "../event-line.ts";
import { followEvents } from "../event-stream.ts";
import { exit } from "../exit.ts";
import { projectOf } from "../lookup.ts";
import { ownSource } from "../post.ts";
import { inOneLine, printable } from "../printable.ts";
import type { Query, Server } from "../server.ts";
import type { LoggedEvent } from "../told.ts";
import type { Call, Verb } from "../verb.ts";
import { clock } from "../words.ts";

const shownFirst = 10;

export const verb: Verb = {
  name: "tail",
  group: "see",
  takes: "[FILTER]",
  does: "the stream, live",
  flags: {
    format: { says: "pretty, json (as --json) or cdevents: CDEvents 0.5.1, one a line", value: "FORMAT" },
    verbose: { says: "with position, id and cause of each event", short: "v" },
    since: { says: "from a position on, or from the start; else the last ten", value: "POSITION|start" },
  },
  more: [
    "A filter: words are types with globs, key=value, key!=value, key>value; space is and, | is or;",
    "cesql:'…' is an expression over the attributes (CloudEvents SQL):",
    "train.* outcome=fail subproject=seattle",
    `train.* "cesql:'attempt > 1 AND NOT EXISTS stage'"`,
  ],
  run: async (call) => {
    const filter = checkedFilter(call.refs.join(" "));
    const tell = tellerOf(call);
    const server = await call.server();
    const project = projectOf(call);
    const query = { filter, project };
    const since = call.flags.text("since");
    const from = since ?? (await tellLast(tell, server, query));
    for await (const told of followEvents(server, { ...query, from }, call.signal)) {
      if ("event" in told) tell(told.event);
      else call.out.say(`  … ${"gap" in told ? told.gap : told.away}`);
    }
    return exit.interrupted;
  },
};

/** What just happened; answers with the position to go on from. */
async function tellLast(tell: Teller, server: Server, query: Query): Promise<string> {
  const last = await server.get(events.answer, "/v1/events", {
    ...query,
    order: "newest",
    limit: shownFirst,
  });
  for (const event of last.events.reverse()) tell(event);
  return last.events.at(-1)?.position ?? last.position ?? "now";
}

/** A wrong filter is told before anything is asked. */
export function checkedFilter(text: string): string | undefined {
  if (text === "") return undefined;
  parseFilter(text);
  return text;
}

type Teller = (logged: LoggedEvent) => void;

const formats: Readonly<Record<string, (call: Call) => Teller>> = {
  pretty: (call) => (logged) => tellPretty(call, logged),
  json:
    ({ out }) =>
    (logged) =>
      out.raw(`${printable(JSON.stringify(logged))}\n`),
  cdevents:
    ({ out }) =>
    (logged) => {
      for (const event of toCdevents(logged)) out.raw(`${printable(JSON.stringify(event))}\n`);
    },
};

/** @throws Problem E_USAGE */
function tellerOf(call: Call): Teller {
  const format = call.flags.text("format") ?? "pretty";
  const teller = Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (teller !== undefined) return teller(call);
  throw new Problem("E_USAGE", `${format} is no format`, {
    next: `write ${Object.keys(formats).join(", ")}`,
  });
}

function tellPretty({ out, flags }: Call, logged: LoggedEvent): void {
  const { event, at, position } = logged;
  out.show(logged, () => {
    const line = eventLine({ event, when: clock(at), own: ownSource, runs: true }, out);
    if (!flags.on("verbose")) return line;
    const cause = event.causationid === undefined ? "a root" : `caused by ${event.causationid}`;
    return `${line}\n${out.paint("dim", `           ${inOneLine(`${position}  ${event.id}  ${cause}`)}`)}`;
  });
}
