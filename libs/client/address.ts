import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the server is, and who said so. */
export interface Address {
  url: string;
  from: string;
}

const usual = "http://127.0.0.1:7733";

/** JACKFIELD_URL, else what `jackfield up` wrote in this folder or above, else the usual port. */
export function findAddress(environment: Environment, folder: string): Address {
  const said = environment["JACKFIELD_URL"];
  if (said !== undefined && said !== "") return { url: said.replace(/\/$/, ""), from: "JACKFIELD_URL" };
  return (
    runFileAbove(folder) ?? {
      url: usual,
      from: "the default; no .jackfield/run.json in this folder or above",
    }
  );
}

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
    return typeof content.url === "string" ? content.url : undefined;
  } catch {
    // No such file, or one that is just being written: the next place is asked.
    return undefined;
  }
}
