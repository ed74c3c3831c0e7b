import type { z } from "zod";
import type { handlers } from "@jackfield/spec/ask/conductor";
import type { Conductor } from "./conductor.ts";

/** Every handler that the stream knows, with what is alive of it now. */
export const answerHandlers =
  (conductor: Conductor) =>
  async ({ project }: z.output<typeof handlers.input>): Promise<z.input<typeof handlers.answer>> => {
    const { state, live, atWork } = conductor;
    const nowMs = performance.now();
    const seen = [...state.handlers.values()].filter(
      ({ description }) =>
        project === undefined || description.project === null || description.project === project,
    );
    return {
      handlers: seen.map(({ key, description }) => {
        const present = live.get(key);
        const heardMs = live.heardMs(key);
        return {
          ...description,
          alive: present !== undefined,
          instances: present?.instances ?? 0,
          concurrency: present?.concurrency ?? 0,
          running: atWork.running(key),
          ...(heardMs !== undefined && { silentSeconds: Math.round((nowMs - heardMs) / 1_000) }),
        };
      }),
    };
  };
