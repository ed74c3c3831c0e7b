import { Problem } from "@jackfield/problem/problem";
import { request } from "@jackfield/spec/ask/conductor";
import { runRequested } from "@jackfield/spec/facts/run";
import { askForRuns } from "../ask-for-runs.ts";
import { findRun } from "../lookup.ts";
import { ownEvent } from "../post.ts";
import { segment } from "../server.ts";
import { retryParked } from "../retry-parked.ts";
import { bulk, deciding, working, type Verb } from "../verb.ts";

export const verb: Verb = {
  name: "retry",
  group: "steer",
  takes: "REF|--parked",
  does: "the same request again, as a new run; the cache spares what was done; or parked events",
  flags: {
    ...working,
    ...deciding,
    parked: { says: "hand what was parked to its reader again: the same events" },
    where: { says: "of those, only what matches, as in tail", value: "FILTER" },
    ...bulk,
  },
  run: async (call) => {
    if (call.flags.on("parked")) return retryParked(call);
    const [ref = "@failed", ...more] = call.refs;
    if (more.length > 0) throw new Problem("E_USAGE", "retry takes one run");
    const server = await call.server();
    const { run } = (await findRun(call, server, ref)).tree;
    const asked = await server.get(request.answer, `/v1/requests/${segment(run.run)}`, {
      project: run.project,
    });
    const reason = call.flags.text("reason");
    const event = ownEvent({
      type: runRequested.type,
      subject: [asked.project, asked.subproject].filter((part) => part !== undefined).join("/"),
      project: asked.project,
      ...(asked.subproject !== undefined && { subproject: asked.subproject }),
      data: runRequested.data.parse({
        retryof: asked.run,
        files: asked.files,
        ...(reason !== undefined && { reason }),
      }),
    });
    return askForRuns(call, server, [event]);
  },
};
