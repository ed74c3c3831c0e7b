import { Problem } from "@jackfield/problem/problem";
import { pause } from "@jackfield/spec/ask/conductor";
import { exit } from "./exit.ts";
import { findRun } from "./lookup.ts";
import { segment } from "./server.ts";
import { decided, deciding, type Verb } from "./verb.ts";

export interface Steering {
  name: "pause" | "resume" | "abort";
  does: string;
  /** `paused`, `resumed`, `aborted`. */
  done: string;
  /** What to do to take it back. */
  undo?: (run: string) => string;
}

/** pause, resume and abort are one verb with three words. */
export const steeringVerb = ({ name, does, done, undo }: Steering): Verb => ({
  name,
  group: "steer",
  takes: "REF",
  does,
  flags: deciding,
  run: async (call) => {
    if (call.refs.length === 0)
      throw new Problem("E_USAGE", `${name} which run?`, {
        next: `jackfield ${name} @last; jackfield ls runs`,
      });
    const server = await call.server();
    for (const ref of call.refs) {
      const { run } = (await findRun(call, server, ref)).tree;
      const answer = await server.post(pause.answer, `/v1/runs/${segment(run.run)}/${name}`, {
        body: decided(call),
        query: { project: run.project },
      });
      call.out.show({ run: run.run, runname: run.runname, ...answer }, () => `${done} ${run.runname}`);
      if (undo !== undefined) call.out.next(undo(run.runname));
    }
    return exit.pass;
  },
});
