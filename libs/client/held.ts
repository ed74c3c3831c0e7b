import { printProblem } from "@jackfield/problem/print";
import { Problem, reportOf } from "@jackfield/problem/problem";
import { bind } from "@jackfield/spec/ask/conductor";
import { printScope, readBindings, type Override } from "./bindings.ts";
import type { Server } from "./server.ts";
import { decided, type Call } from "./verb.ts";
import { clock } from "./words.ts";

/** What a project file says of who answers what. */
interface Said {
  project: string;
  bind: Readonly<Record<string, string>>;
}

/** The overrides of a project that say something else than its file; what the organization says is wider than any file. */
export async function heldAgainst(server: Server, { project, bind: said }: Said): Promise<Override[]> {
  const { overrides } = await readBindings(server, { project });
  return overrides.filter((one) => one.project === project && one.handler !== said[one.capability]);
}

/** A file leaves alone what somebody holds by hand, and says so. */
export function sayHeld({ out }: Call, held: readonly Override[], { bind: said }: Said): void {
  for (const one of held) out.say(printProblem(reportOf(heldProblem(one, said[one.capability]))));
}

function heldProblem(one: Override, inFile: string | undefined): Problem {
  const { capability, handler, by, reason, since, until } = one;
  const who = [
    by === undefined ? "bound by hand" : `bound by ${by}`,
    ...(since === undefined ? [] : [clock(since)]),
    ...(until === undefined ? [] : [`until ${clock(until)}`]),
  ].join(", ");
  const file = inFile === undefined ? "nothing" : `${capability}: ${inFile}`;
  return new Problem("E_HELD", `${capability} stays ${handler ?? ""} for ${printScope(one)}`, {
    why: `${who}${reason === undefined ? "" : ` (${reason})`}; the file says ${file}`,
    next: `jackfield apply --take-file, or keep it: jackfield bind ${capability}=${handler ?? ""} --write`,
  });
}

/** Takes the overrides away, so that the file is in force again. */
export async function takeFile(call: Call, server: Server, held: readonly Override[]): Promise<void> {
  for (const { project, subproject, capability } of held) {
    const at = { project, ...(subproject !== undefined && { subproject }), capability };
    const body = { ...at, handler: null, ...decided(call) };
    await server.post(bind.answer, "/v1/bindings", { body: { reason: "taken from the file", ...body } });
    call.out.say(`${capability} is as the file says for ${printScope({ ...at, project: project ?? "" })}`);
  }
}
