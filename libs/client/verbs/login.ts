import { text } from "node:stream/consumers";
import { Problem } from "@jackfield/problem/problem";
import { getMe } from "@jackfield/spec/http/tokens";
import { findAddress } from "../address.ts";
import { contextsFile, readContexts, writeContexts } from "../contexts.ts";
import { exit } from "../exit.ts";
import type { Call, Verb } from "../verb.ts";
import { table } from "../words.ts";

export const verb: Verb = {
  name: "login",
  group: "start",
  takes: "[URL]",
  does: "remember a server and your token for it, as a context that all verbs use",
  flags: {
    "token-stdin": { says: "read the token from standard input, so that it is in no history" },
    as: { says: "the name of the context; the server's host unless given", value: "NAME" },
    list: { says: "the contexts that there are; JACKFIELD_CONTEXT chooses one" },
  },
  run: async (call) => (call.flags.on("list") ? list(call) : login(call)),
};

function list({ out, environment }: Call): number {
  const { current, contexts } = readContexts(environment);
  const rows = Object.entries(contexts).map(([name, { url, as }]) => ({
    name,
    url,
    ...(as !== undefined && { as }),
    current: name === current,
  }));
  out.show(rows, () =>
    rows.length === 0
      ? "no contexts"
      : table(
          ["", "context", "server", "as"],
          rows.map((row) => [row.current ? "*" : "", row.name, row.url, row.as ?? ""]),
        ),
  );
  return exit.pass;
}

async function login(call: Call): Promise<number> {
  const { refs, flags, environment, folder, out } = call;
  const url = (refs[0] ?? findAddress(environment, folder).url).replace(/\/$/, "");
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new Problem("E_USAGE", `${url} is no address of a server`, {
      next: "jackfield login https://jackfield.example --token-stdin < token",
    });
  const token = flags.on("token-stdin") ? (await text(process.stdin)).trim() : undefined;
  if (token === "") throw new Problem("E_USAGE", "There is no token on standard input");
  const { openServer } = await import("../server.ts");
  const server = openServer({ url, from: "login" }, { token, signal: call.signal });
  const me = await server.get(getMe.answer, "/v1/me").catch((thrown: unknown) => {
    if (token !== undefined || !(thrown instanceof Problem) || thrown.code !== "E_TOKEN_SCOPE") throw thrown;
    throw new Problem("E_TOKEN_SCOPE", `${url} asks for a token`, {
      next: `jackfield login ${url} --token-stdin < token; an administrator makes one: jackfield admin token create --as NAME`,
    });
  });
  const name = flags.text("as") ?? new URL(url).host;
  const { contexts } = readContexts(environment);
  const own = { url, ...(token !== undefined && { token }), ...(me.name !== undefined && { as: me.name }) };
  writeContexts(environment, { current: name, contexts: { ...contexts, [name]: own } });
  const may = `${me.scopes.join(", ")} in ${me.projects?.join(", ") ?? "all projects"}`;
  out.show({ context: name, url, ...me }, () => `${name}: ${url} as ${me.name ?? "yourself"}, may ${may}`);
  out.say(`kept in ${contextsFile(environment)}`);
  return exit.pass;
}
