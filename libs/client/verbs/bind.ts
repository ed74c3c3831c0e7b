import { Problem } from "@jackfield/problem/problem";
import { bind, bindings } from "@jackfield/spec/ask/conductor";
import { exit } from "../exit.ts";
import { instantOf } from "../instant.ts";
import { projectOf, requireProject } from "../lookup.ts";
import { parseRef } from "../refs.ts";
import { decided, deciding, past, type Call, type Verb } from "../verb.ts";
import { clock, table } from "../words.ts";

export const verb: Verb = {
  name: "bind",
  group: "declare",
  takes: "[CAP=HANDLER]",
  does: "show, swap, shadow, undo: which handler answers a capability",
  flags: {
    on: { says: "where: PROJECT or PROJECT/SUBPROJECT; else the project of this folder", value: "REF" },
    shadow: { says: "the handler gets the same work from now on, and never decides" },
    remove: { says: "take the override of this scope away; with a handler behind it, that shadow alone" },
    undo: { says: "go back to what stood here before" },
    ...deciding,
    at: { ...past.at, says: `show it ${past.at.says}` },
  },
  run: async (call) => (call.refs.length === 0 ? showBindings(call) : changeBinding(call)),
};

interface Scope {
  project: string;
  subproject?: string;
}

function scopeOf(call: Call): Scope {
  const on = call.flags.text("on");
  if (on === undefined) return { project: requireProject(call) };
  const ref = parseRef(on);
  if (ref.kind === "subproject") return { project: ref.project, subproject: ref.subproject };
  if (ref.kind === "name") {
    const project = projectOf(call);
    return project === undefined || project === ref.name
      ? { project: ref.name }
      : { project, subproject: ref.name };
  }
  throw new Problem("E_USAGE", `--on ${on} is no scope`, { next: "write PROJECT, or PROJECT/SUBPROJECT" });
}

const shown = ({ project, subproject }: Scope): string =>
  subproject === undefined ? project : `${project}/${subproject}`;

async function showBindings(call: Call): Promise<number> {
  const server = await call.server();
  const scope = scopeOf(call);
  const at = instantOf(call.flags);
  const answer = await server.get(bindings.answer, "/v1/bindings", { ...scope, at });
  call.out.show(answer.bindings, () =>
    table(
      ["capability", "handler", "shadows", "from", "by", "since"],
      answer.bindings.map(({ capability, handler, shadows, from, by, since }) => [
        capability,
        handler,
        shadows.join(", "),
        from,
        by ?? "",
        since === undefined ? "" : clock(since),
      ]),
    ),
  );
  return exit.pass;
}

/** What a person asks for: a lead moved or moved back, or a shadow added or taken away. */
interface Change {
  capability: string;
  handler: string | null;
  undo: boolean;
  shadow?: "add" | "remove";
}

/** @throws Problem E_USAGE */
function changeOf({ flags, refs }: Call): Change {
  const [word = "", leaves, ...more] = refs;
  const [capability = "", handler] = word.split("=");
  const [undo, remove, shadow] = ["undo", "remove", "shadow"].map((name) => flags.on(name));
  const asked = [undo, remove, shadow].filter(Boolean).length;
  if (more.length === 0 && asked <= 1) {
    if (leaves !== undefined && handler === undefined && remove)
      return { capability, handler: leaves, undo: false, shadow: "remove" };
    if (leaves === undefined && handler === undefined && (undo || remove))
      return { capability, handler: null, undo: undo ?? false };
    if (leaves === undefined && handler !== undefined && !undo && !remove)
      return { capability, handler, undo: false, ...(shadow && { shadow: "add" }) };
  }
  throw new Problem("E_USAGE", `bind ${refs.join(" ")} is not understood`, {
    next: [
      "jackfield bind train=HANDLER",
      "jackfield bind train=HANDLER --shadow, or jackfield bind train --remove HANDLER",
      "jackfield bind train --undo (or --remove)",
    ].join("\n"),
  });
}

async function changeBinding(call: Call): Promise<number> {
  const { out } = call;
  if (call.flags.text("at") !== undefined)
    throw new Problem("E_USAGE", "The past is only shown, not changed", { next: "jackfield bind --at TIME" });
  const change = changeOf(call);
  const { capability, undo, shadow } = change;
  const scope = scopeOf(call);
  const server = await call.server();
  const answer = await server.post(bind.answer, "/v1/bindings", {
    body: { ...scope, ...change, ...decided(call) },
  });
  const [now, before] = [answer.handler ?? "as the file says", answer.previous ?? "as the file says"];
  const shadows = answer.shadows.length === 0 ? "nobody" : answer.shadows.join(", ");
  out.show(answer, () =>
    shadow === undefined
      ? `${capability} = ${now} for ${shown(scope)}   (was ${before})`
      : `${capability} is shadowed by ${shadows} for ${shown(scope)}`,
  );
  if (!undo) out.next(`jackfield bind ${capability} --undo`);
  return exit.pass;
}
