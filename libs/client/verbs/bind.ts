import { Problem } from "@jackfield/problem/problem";
import { bind } from "@jackfield/spec/ask/conductor";
import { onScope, printScope, scopeOf, showBindings, type Scope } from "../bindings.ts";
import { exit } from "../exit.ts";
import { untilOf } from "../instant.ts";
import { decided, deciding, past, type Call, type Verb } from "../verb.ts";
import { writeBinding } from "../write-binding.ts";

export const verb: Verb = {
  name: "bind",
  group: "declare",
  takes: "[CAP=HANDLER]",
  does: "show, swap, shadow, undo: which handler answers a capability",
  flags: {
    on: {
      says: "where: PROJECT, PROJECT/SUBPROJECT or organization:NAME; else the project of this folder",
      value: "REF",
    },
    shadow: { says: "the handler gets the same work from now on, and never decides" },
    remove: { says: "take the override of this scope away; with a handler behind it, that shadow alone" },
    undo: { says: "go back to what stood here before" },
    until: {
      says: "it ends by itself: 14:02, 2026-05-01T14:02:00Z, or so long from now (2h)",
      value: "TIME",
    },
    write: { says: "put it into the project file, too" },
    ...deciding,
    at: { ...past.at, says: `show it ${past.at.says}` },
  },
  run: async (call) => (call.refs.length === 0 ? showBindings(call) : changeBinding(call)),
};

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
  const until = untilOf(call.flags);
  checkWrite(call, change, scope);
  const server = await call.server();
  const answer = await server.post(bind.answer, "/v1/bindings", {
    body: { ...scope, ...change, ...(until !== undefined && { until }), ...decided(call) },
  });
  const [now, before] = [answer.handler ?? "as the file says", answer.previous ?? "as the file says"];
  const shadows = answer.shadows.length === 0 ? "nobody" : answer.shadows.join(", ");
  out.show(answer, () =>
    shadow === undefined
      ? `${capability} = ${now} for ${printScope(scope)}   (was ${before})`
      : `${capability} is shadowed by ${shadows} for ${printScope(scope)}`,
  );
  if (call.flags.on("write")) {
    const { project = "" } = scope;
    out.say(`written: ${await writeBinding(call.folder, { project, capability, handler: answer.handler })}`);
    out.next("jackfield apply");
  } else if (!undo) out.next(`jackfield bind ${capability} --undo${onScope(call)}`);
  return exit.pass;
}

/** @throws Problem E_USAGE: the file speaks of a whole project, of no shadow by hand and of no end. */
function checkWrite({ flags }: Call, { shadow }: Change, { project, subproject }: Scope): void {
  if (!flags.on("write")) return;
  if (
    project !== undefined &&
    subproject === undefined &&
    shadow === undefined &&
    flags.text("until") === undefined
  )
    return;
  throw new Problem("E_USAGE", "--write puts the handler of a whole project into its file", {
    why: "a subproject, an organization, a shadow or an end does not stand there",
    next: "leave --write out, or bind it for the project",
  });
}
