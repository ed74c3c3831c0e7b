import { randomUUID } from "node:crypto";
import { Problem } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import type { Configuration } from "@jackfield/spec/project/configuration";
import { apply } from "@jackfield/spec/ask/projects";
import { runRequested } from "@jackfield/spec/facts/run";
import { askForRuns } from "../ask-for-runs.ts";
import { findSubprojects } from "../lookup.ts";
import { ownEvent } from "../post.ts";
import { findProject, projectFileName, type ProjectFolder } from "../project-folder.ts";
import type { Server } from "../server.ts";
import { deciding, working, type Call, type Verb } from "../verb.ts";
import { readSettings, uploadCode, uploadData, uploadSource, type CodeVersion, type Place } from "../work.ts";
import { many } from "../words.ts";

export const verb: Verb = {
  name: "run",
  group: "work",
  takes: "REF",
  does: "run a subproject, or many (`weather/*`)",
  flags: {
    set: {
      says: "another value for this run, by its path: train.params.trees=30",
      value: "PATH=VALUE",
      many: true,
    },
    data: { says: "another file for this run", value: "FILE" },
    workflow: { says: "this workflow, instead of the lifecycle", value: "NAME" },
    refresh: { says: "read the source again" },
    seed: { says: "this seed, instead of that of the last run of this configuration", value: "N" },
    fresh: { says: "a new seed" },
    "no-cache": { says: "do every step anew" },
    ...working,
    ...deciding,
  },
  run: async (call) => {
    const server = await call.server();
    const [ref, ...more] = call.refs;
    if (more.length > 0)
      throw new Problem("E_USAGE", "run takes one ref", {
        next: "for all subprojects: jackfield run 'PROJECT/*'",
      });
    const { applied, project, subprojects } = await findSubprojects(call, server, ref);
    const here = findProject(call.folder);
    const place = here?.project === project ? { ...here, project } : undefined;
    if (place !== undefined) await sayWhatIsNotApplied(call, server, place);
    const code = place === undefined ? undefined : await uploadCode(server, place);
    const shared = sharedData(call, code);
    const correlationid = randomUUID();
    const events: CloudEvent[] = [];
    for (const subproject of subprojects) {
      const configuration = applied.applied.subprojects[subproject];
      const files = await filesFor(call, { server, place, project, configuration });
      const data = runRequested.data.parse({ ...shared, ...(files !== undefined && { files }) });
      events.push(
        ownEvent({
          type: runRequested.type,
          subject: `${project}/${subproject}`,
          correlationid,
          project,
          subproject,
          data,
        }),
      );
    }
    return askForRuns(call, server, events);
  },
};

/** The run acts under the applied version; a file that says something else would surprise. */
async function sayWhatIsNotApplied({ out }: Call, server: Server, { text }: ProjectFolder): Promise<void> {
  const planned = await server
    .post(apply.answer, "/v1/projects", { body: { text, file: projectFileName, dryRun: true } })
    .catch((thrown: unknown) => {
      if (thrown instanceof Problem && !thrown.retriable) return thrown;
      throw thrown;
    });
  if (planned instanceof Problem)
    out.say(`${projectFileName} as it is now could not be applied: ${planned.message}`);
  else if (planned.changes.length > 0)
    out.say(
      `${projectFileName} has ${many(planned.changes.length, "change")} not applied; this run acts under version ${planned.version - 1}`,
    );
}

function sharedData({ flags }: Call, code: CodeVersion | undefined): Record<string, unknown> {
  const settings = flags.texts("set");
  const seed = flags.text("seed");
  if (seed !== undefined && !/^\d{1,10}$/.test(seed))
    throw new Problem("E_USAGE", `--seed ${seed} is no seed`, {
      next: "a whole number from 0 to 2147483647",
    });
  const reason = flags.text("reason");
  const workflow = flags.text("workflow");
  return {
    ...(workflow !== undefined && { workflow }),
    ...(settings.length > 0 && { set: readSettings(settings) }),
    ...(code !== undefined && { code }),
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(flags.on("fresh") && { fresh: true }),
    ...(flags.on("no-cache") && { cache: false }),
    ...(flags.on("refresh") && { refresh: true }),
    ...(reason !== undefined && { reason }),
  };
}

interface Filing {
  server: Server;
  place: Place | undefined;
  project: string;
  configuration: Configuration | undefined;
}

async function filesFor(call: Call, { server, place, project, configuration }: Filing) {
  const data = call.flags.text("data");
  if (data !== undefined) return uploadData(server, data, { folder: call.folder, project });
  const from = configuration?.fetch?.from;
  return place === undefined || from === undefined ? undefined : uploadSource(server, from, place);
}
