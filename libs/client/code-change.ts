import { Problem } from "@jackfield/problem/problem";
import { codeChanged } from "@jackfield/spec/facts/code";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { readConfiguration } from "./lookup.ts";
import { findProject } from "./project-folder.ts";
import type { Server } from "./server.ts";
import { uploadCode, uploadSource } from "./work.ts";

/**
 * `code.changed`, said in the folder of its project, brings that code along, and the data that lies beside it: a pipeline
 * has the checkout, the server has no repository. What the event says itself stays.
 */
export async function withCode(server: Server, event: CloudEvent, folder: string): Promise<CloudEvent> {
  const here = event.type === codeChanged.type ? findProject(folder) : undefined;
  const said = codeChanged.data.safeParse(event.data ?? {}).data;
  if (here?.project === undefined || here.project !== event.project || said === undefined) return event;
  if (said.code !== undefined) return event;
  const place = { folder: here.folder, project: here.project };
  const code = await uploadCode(server, place);
  const files = said.files ?? (await uploadShared(server, event, place));
  return { ...event, data: { commit: code.commit, ...said, code, ...(files !== undefined && { files }) } };
}

/** The one source of all subprojects that are meant; where each has its own, the file that it had last stands. */
async function uploadShared(
  server: Server,
  { subproject }: CloudEvent,
  place: { folder: string; project: string },
): Promise<Awaited<ReturnType<typeof uploadSource>> | undefined> {
  const configuration = await readConfiguration(server, place.project).catch((thrown: unknown) => {
    // That nobody applied it is told when nothing reacts.
    if (thrown instanceof Problem && thrown.code === "E_NOT_FOUND") return undefined;
    throw thrown;
  });
  const meant = Object.entries(configuration?.applied.subprojects ?? {}).filter(([name]) =>
    [undefined, name].includes(subproject),
  );
  const sources = new Set(meant.map(([, { fetch }]) => fetch?.from));
  const [source] = sources;
  if (sources.size !== 1 || source === undefined) return undefined;
  const files = await uploadSource(server, source, place);
  return Object.keys(files).length === 0 ? undefined : files;
}
