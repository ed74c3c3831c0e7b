import type { z } from "zod";
import { Problem } from "@jackfield/problem/problem";
import { publish } from "@jackfield/spec/ask/conductor";
import { publishedContract } from "@jackfield/spec/facts/capability";
import { exit } from "./exit.ts";
import { decided, type Call } from "./verb.ts";

type Published = z.output<typeof publish.answer>;
type Contract = z.output<typeof publishedContract>;

/** The contract in a file that says one: JSON with the key `capability`. Undefined for a project file. @throws Problem E_INVALID */
export function contractIn(text: string, file: string): Contract | undefined {
  const value = jsonOf(text);
  if (typeof value !== "object" || value === null || !("capability" in value)) return undefined;
  const { capability: name, ...rest } = value;
  const parsed = publishedContract.safeParse({ ...rest, name });
  if (parsed.success) return parsed.data;
  const said = parsed.error.issues.map(({ path, message }) => `${path.join(".") || file}: ${message}`);
  throw new Problem("E_INVALID", `${file} says no contract of a capability`, {
    why: said.join("\n"),
    here: file,
    next: '{"capability": "explain", "input": {"type": "object"}, "output": {"type": "object"}}',
  });
}

/** A project file is YAML, which JSON is too; whatever does not begin as an object is none of ours. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Makes a contract true, or with `--dry-run` says what that would change. */
export async function applyCapability(call: Call, contract: Contract): Promise<number> {
  const dryRun = call.flags.on("dry-run");
  const server = await call.server();
  const body = { contract, dryRun, ...decided(call) };
  const published = await server.post(publish.answer, "/v1/capabilities", { body });
  call.out.show(published, () => textFor(published, dryRun));
  if (dryRun) return published.changed ? exit.fail : exit.pass;
  if (published.changed && published.previous === undefined)
    call.out.next(`jackfield handle ${published.name} --name NAME -- COMMAND`);
  return exit.pass;
}

function textFor({ name, version, previous, changed }: Published, dryRun: boolean): string {
  if (!changed) return `unchanged capability ${name} ${version}`;
  const before = previous === undefined ? "" : `   (was ${previous})`;
  return `${dryRun ? "would publish" : "published"} capability ${name} ${version}${before}`;
}
