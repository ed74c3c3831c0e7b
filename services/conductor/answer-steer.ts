import type { z } from "zod";
import { steer } from "@jackfield/lifecycle/steer-run";
import { printPosition } from "@jackfield/spec/event/position";
import type { pause, request } from "@jackfield/spec/ask/conductor";
import type { Conductor } from "./conductor.ts";
import { theRun } from "./find-run.ts";
import { say } from "./say.ts";

type Asked = z.output<typeof pause.input>;
type Accepted = z.input<typeof pause.answer>;

/** Pauses, resumes or aborts a run; handlers at work hear of an abort at their next question. */
export const answerSteer =
  (conductor: Conductor, predicate: "paused" | "resumed" | "aborted") =>
  (asked: Asked): Promise<Accepted> =>
    conductor.commands(async () => {
      const run = await theRun(conductor, asked.run, asked.project);
      const event = steer(run, predicate, asked, new Date().toISOString());
      return { position: printPosition(await say(conductor, event)), event: event.id };
    });

/** What a run was given, so that it can be asked for again. */
export const answerRequest =
  (conductor: Conductor) =>
  async (asked: z.output<typeof request.input>): Promise<z.input<typeof request.answer>> => {
    const run = await theRun(conductor, asked.run, asked.project);
    const { project, subproject } = run.scope;
    return {
      run: run.id,
      project,
      ...(subproject !== undefined && { subproject }),
      files: run.status === "refused" ? {} : run.pinned.files,
    };
  };
