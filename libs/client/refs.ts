import { Problem } from "@jackfield/problem/problem";

/** What a ref is, by its shape alone. */
export type Ref =
  | { kind: "shortcut"; which: "last" | "failed" }
  | { kind: "artifact"; digest: string }
  /** By its name, or by its id. */
  | { kind: "run"; run: string; project?: string }
  | { kind: "task"; run: string; step: string; project?: string }
  | { kind: "event"; id: string }
  /** A place in the stream: the second in which it was made, and a number. */
  | { kind: "position"; position: string }
  /** `*` is every subproject. */
  | { kind: "subproject"; project: string; subproject: string }
  /** A name alone: a subproject, capability, handler or project, as the verb and the server know it. */
  | { kind: "name"; name: string };

const runName = "[A-Za-z0-9][A-Za-z0-9_-]*-\\d+";
const runId = "[a-z2-7]{26}";
const step = "[a-z][a-z0-9-]*(?:/@\\d+)?(?:/[a-z][a-z0-9-]*)*";
const eventId = /^[^/]+\/.+\/\d+\/[a-z]+(?:\/[^/]+-\d+)?$|^[^/]+\/[^/]+\/[a-z]+$/;
const name = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}";

/** @throws Problem E_USAGE for what this release has no things for. */
export function parseRef(text: string): Ref {
  if (text === "@last" || text === "@failed")
    return { kind: "shortcut", which: text === "@last" ? "last" : "failed" };
  if (/^sha256:[0-9a-f]{64}$/.test(text)) return { kind: "artifact", digest: text };
  if (text.startsWith("sha256:"))
    throw new Problem("E_USAGE", `${text} is no whole digest`, {
      why: "an artifact is named by sha256: and 64 digits",
      next: "jackfield show RUN/STEP tells the digests of what went in and came out",
    });
  if (text.includes("@") && !text.includes("/@"))
    throw new Problem("E_USAGE", `${text} names a stage or a shortcut that this release does not have`, {
      next: "shortcuts are @last and @failed",
    });
  if (/^\d{9,12}-\d{1,16}$/.test(text)) return { kind: "position", position: text };
  return runOrTask(text) ?? subproject(text) ?? named(text);
}

function runOrTask(text: string): Ref | undefined {
  const pattern = new RegExp(`^(?:(${name}):)?(${runName}|${runId})(?:/(${step}))?$`);
  const [, project, run, path] = pattern.exec(text) ?? [];
  if (run === undefined || eventId.test(text)) return undefined;
  const within = project === undefined ? {} : { project };
  return path === undefined ? { kind: "run", run, ...within } : { kind: "task", run, step: path, ...within };
}

function subproject(text: string): Ref | undefined {
  const [, project, within] = new RegExp(`^(${name})/(${name}|\\*)$`).exec(text) ?? [];
  return project === undefined || within === undefined
    ? undefined
    : { kind: "subproject", project, subproject: within };
}

const named = (text: string): Ref =>
  new RegExp(`^${name}$`).test(text) ? { kind: "name", name: text } : { kind: "event", id: text };
