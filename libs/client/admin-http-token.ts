import { Problem } from "@jackfield/problem/problem";
import { getTokens, postTokens, revokeToken } from "@jackfield/spec/http/tokens";
import { exit } from "./exit.ts";
import { segment, type Server } from "./server.ts";
import type { Call } from "./verb.ts";
import { clock, table } from "./words.ts";

/** Makes a token for the HTTP door. It is printed once; nobody can show it again. */
export async function createToken(call: Call): Promise<number> {
  const { flags, out } = call;
  const name = flags.text("as");
  const scopes = list(flags.texts("scope"));
  if (name === undefined || scopes.length === 0)
    throw new Problem("E_USAGE", "admin token create needs --as NAME and --scope", {
      next: "jackfield admin token create --as ci --scope emit,read --project weather",
    });
  const projects = list([flags.text("project") ?? ""]);
  const said = postTokens.body.safeParse({
    name,
    scopes,
    ...(projects.length > 0 && projects[0] !== "*" && { projects }),
    ...optional("source", flags.text("source")),
    ...optional("expires", endOf(flags.text("until"))),
  });
  if (!said.success)
    throw new Problem("E_USAGE", "This is no token that can be made", {
      why: said.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n"),
    });
  const server = await call.server();
  const made = await server.post(postTokens.answer, "/v1/tokens", { body: said.data });
  out.show({ ...made, ...said.data }, () => made.token);
  out.say(`token ${made.id} of ${name}; it is not shown again`);
  out.next(`jackfield admin token revoke ${made.id} takes it back`);
  return exit.pass;
}

export async function revoke(call: Call, names: readonly string[]): Promise<number> {
  const [name, ...more] = names;
  if (name === undefined || more.length > 0)
    throw new Problem("E_USAGE", "admin token revoke takes one ID or NAME", { next: "jackfield ls tokens" });
  const server = await call.server();
  const path = `/v1/tokens/${segment(name)}/revoke`;
  const answer = await server.post(revokeToken.answer, path, { body: {} });
  call.out.show(answer, () => `taken back: ${answer.revoked.join(", ")}`);
  return exit.pass;
}

export async function listTokens({ out }: Call, server: Server): Promise<number> {
  const { tokens } = await server.get(getTokens.answer, "/v1/tokens");
  out.show(tokens, () =>
    table(
      ["token", "of", "may", "in", "sources", "used", "state"],
      tokens.map((token) => [
        token.id,
        token.name,
        token.scopes.join(","),
        token.projects?.join(",") ?? "all projects",
        token.source ?? "",
        token.used === undefined ? "never" : clock(token.used),
        stateOf(token.revoked, token.expires),
      ]),
    ),
  );
  return exit.pass;
}

function stateOf(revoked: string | undefined, expires: string | undefined): string {
  if (revoked !== undefined) return `taken back ${clock(revoked)}`;
  if (expires === undefined) return "in force";
  return `${Date.parse(expires) > Date.now() ? "until" : "ended"} ${clock(expires)}`;
}

const list = (said: readonly string[]): string[] =>
  said.flatMap((one) => one.split(",")).filter((one) => one !== "");

const optional = (name: string, value: string | undefined) => (value === undefined ? {} : { [name]: value });

function endOf(said: string | undefined): string | undefined {
  if (said === undefined || Number.isNaN(Date.parse(said))) return said;
  return new Date(said).toISOString();
}
