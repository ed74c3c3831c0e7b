import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { sweepWorkingFolders } from "@jackfield/executor/working-folder";
import { answerTo } from "@jackfield/service/answer";
import { defineService } from "@jackfield/service/define";
import { on } from "@jackfield/service/on";
import { logs } from "@jackfield/spec/ask/handler";
import { train as capability } from "@jackfield/spec/train";
import { readLog } from "./read-log.ts";
import { trainModel } from "./train-model.ts";

const handlerName = "command";

const config = z.object({
  /** Working folders of running commands; each is gone when its command is. */
  JACKFIELD_WORK: z.string().default(join(tmpdir(), "jackfield-work")),
  /** Logs of commands, while they run and after. */
  JACKFIELD_LOGS: z.string().default(join(tmpdir(), "jackfield-logs")),
  /** Where `node_modules` and virtual environments are found: this folder and those above. */
  JACKFIELD_ENVIRONMENT: z.string().default("."),
  /** Memory of one command with all its processes; none unless set. */
  JACKFIELD_COMMAND_MEMORY_MB: z.coerce.number().int().min(16).optional(),
  PATH: z.string().default("/usr/local/bin:/usr/bin:/bin"),
});

export const train = defineService({
  name: "train",
  config,
  handler: { name: handlerName, concurrency: availableParallelism() },
  answers: (_state, { config: { JACKFIELD_LOGS, JACKFIELD_WORK } }) => [
    answerTo(logs, readLog({ logs: JACKFIELD_LOGS, work: JACKFIELD_WORK }), { name: handlerName }),
  ],
  handlers: ({ artifacts, config: settings, log }) => {
    void sweepWorkingFolders(settings.JACKFIELD_WORK).then((swept) => {
      if (swept > 0) log.info({ event: "commands.swept", folders: swept }, "ended what a crash had left");
    });
    return [
      on(
        capability,
        trainModel({
          artifacts,
          work: settings.JACKFIELD_WORK,
          logs: settings.JACKFIELD_LOGS,
          environment: settings.JACKFIELD_ENVIRONMENT,
          path: settings.PATH,
          ...(settings.JACKFIELD_COMMAND_MEMORY_MB !== undefined && {
            memoryBytes: settings.JACKFIELD_COMMAND_MEMORY_MB * 1024 * 1024,
          }),
        }),
      ),
    ];
  },
});
