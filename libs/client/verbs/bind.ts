import { Problem } from "@jackfield/problem/problem";
import { bind, bindings } from "@jackfield/spec/ask/conductor";
import { exit } from "../exit.ts";
import { projectOf, requireProject } from "../lookup.ts";
import { parseRef } from "../refs.ts";
import { decided, deciding, type Call, type Verb } from "../verb.ts";
import { clock, table } from "../words.ts";

export const verb: Verb = {
  name: "bind",
  group: "declare",
  takes: "[CAP=HANDLER]",
  does: "show, swap, undo: which handler answers a capability",
  flags: {
    on: { says: "where: PROJECT or PROJECT/SUBPROJECT; else the project of this folder", value: "REF" },
    remove: { says: "take the override of this scope away" },
    undo: { says: "go back to what stood here before" },
    ...deciding,
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
  const answer = await server.get(bindings.answer, "/v1/bindings", { ...scope });
  call.out.show(answer.bindings, () =>
    table(
      ["capability", "handler", "from", "by", "since"],
      answer.bindings.map(({ capability, handler, from, by, since }) => [
        capability,
        handler,
        from,
        by ?? "",
        since === undefined ? "" : clock(since),
      ]),
    ),
  );
  return exit.pass;
}

async function changeBinding(call: Call): Promise<number> {
  const { flags, out, refs } = call;
  const [word = "", ...more] = refs;
  const [capability = "", handler] = word.split("=");
  const undo = flags.on("undo");
  const takesAway = undo || flags.on("remove");
  if (more.length > 0 || takesAway === (handler !== undefined))
    throw new Problem("E_USAGE", `bind ${refs.join(" ")} is not understood`, {
      next: "jackfield bind train=HANDLER, or jackfield bind train --undo (or --remove)",
    });
  const scope = scopeOf(call);
  const server = await call.server();
  const answer = await server.post(bind.answer, "/v1/bindings", {
    body: { ...scope, capability, handler: handler ?? null, undo, ...decided(call) },
  });
  const [now, before] = [answer.handler ?? "as the file says", answer.previous ?? "as the file says"];
  out.show(answer, () => `${capability} = ${now} for ${shown(scope)}   (was ${before})`);
  if (!undo) out.next(`jackfield bind ${capability} --undo`);
  return exit.pass;
}
