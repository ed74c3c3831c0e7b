import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { currentContext, type Context } from "./contexts.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the server is, and who said so. */
export interface Address {
  url: string;
  from: string;
  /** What login kept for it. */
  token?: string | undefined;
}

const usual = "http://127.0.0.1:7733";

/**
 * JACKFIELD_URL, else the context that JACKFIELD_CONTEXT names, else what `jackfield up` wrote in this folder or above,
 * else the context of the last login, else the usual port.
 * @throws Problem E_CONFIG
 */
export function findAddress(environment: Environment, folder: string): Address {
  const said = environment["JACKFIELD_URL"];
  if (said !== undefined && said !== "") return { url: said.replace(/\/$/, ""), from: "JACKFIELD_URL" };
  const context = currentContext(environment);
  const chosen = context !== undefined && (environment["JACKFIELD_CONTEXT"] ?? "") !== "";
  const here = chosen ? undefined : runFileAbove(folder);
  if (here !== undefined) return here;
  if (context !== undefined) return addressIn(context);
  return { url: usual, from: "the default; no .jackfield/run.json in this folder or above, and no login" };
}

const addressIn = ({ url, token, name }: Context & { name: string }): Address => ({
  url,
  token,
  from: `the context ${name}, of jackfield login`,
});

function runFileAbove(folder: string): Address | undefined {
  const file = join(folder, ".jackfield", "run.json");
  const url = urlIn(file);
  if (url !== undefined) return { url, from: file };
  const above = dirname(folder);
  return above === folder ? undefined : runFileAbove(above);
}

function urlIn(file: string): string | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof content !== "object" || content === null || !("url" in content)) return undefined;
    const { url } = content;
    // `up` listens on this machine; a file that somebody put into a repository does not get a token sent elsewhere.
    return typeof url === "string" && /^http:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(url)
      ? url
      : undefined;
  } catch {
    // No such file, or one that is just being written: the next place is asked.
    return undefined;
  }
}
