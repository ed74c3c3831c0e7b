import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LogEntry } from "@jackfield/events/log-entry";
import type { Event } from "../checker/envelope.ts";
import { emptyFolder } from "../journeys/world.ts";

const projectFile = `project: faults
fetch: data.csv
target: weather
train: a-handler-answers
bind: { fetch: steps, split: steps, train: steps, evaluate: steps }
subprojects: { one: , two: }
`;

/** The folder of the project `faults`: one handler `steps` for every step of its lifecycle. */
export const stepsProject = (): Promise<string> =>
  folderWith({ "jackfield.yaml": projectFile, "data.csv": "a,weather\n1,rain\n" });

/** The text of a project file of which a run is so many tasks for one handler, all ready at once. */
export const wideFile = (project: string, items: number, { handler, attempts = 3 }: WideWork): string =>
  `project: ${project}
bind: { split: ${handler} }
workflow: { each: { capability: split, foreach: ${items}, with: { seed: /index } } }
attempts: { split: ${attempts} }
subprojects: { one: , two: }
`;

interface WideWork {
  handler: string;
  attempts?: number;
}

/** A folder with project files by name. */
export async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await emptyFolder();
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** Are the runs of these requests over? Looks only at what came since it was asked last. */
export function areOver(requests: readonly string[], seen: readonly LogEntry[]): () => boolean {
  const open = new Set(requests);
  const runs = new Map<string, string>();
  let read = 0;
  return () => {
    for (const event of seen.slice(read).flatMap((entry) => entry.event ?? [])) {
      if (/-run\.started\./.test(event.type)) runs.set(event.run ?? "", event.causationid ?? "");
      if (/-run\.(finished|refused)\./.test(event.type)) open.delete(runs.get(event.run ?? "") ?? "");
    }
    read = seen.length;
    return open.size === 0;
  };
}

/** A request of a run, under this id. */
export const requestOf = (id: string, project = "faults"): Event => ({
  specversion: "1.0",
  id,
  source: "/faults",
  type: "dev.cdeventsx.jackfield-run.requested.1.0.0",
  project,
  subproject: id.charCodeAt(0) % 2 === 0 ? "one" : "two",
  organization: "default",
  correlationid: id,
  datacontenttype: "application/json",
  data: { cache: false },
});
