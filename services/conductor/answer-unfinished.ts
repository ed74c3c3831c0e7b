import type { z } from "zod";
import type { unfinished } from "@jackfield/spec/ask/conductor";
import { parsePosition, printPosition } from "@jackfield/spec/event/position";
import type { Conductor } from "./conductor.ts";
import { activeInStory } from "./load.ts";

/** Which runs of a story are not over? Asked of the rows, which are written together with the position. */
export const answerUnfinished =
  (conductor: Conductor) =>
  async ({
    correlationid,
    after,
  }: z.output<typeof unfinished.input>): Promise<z.input<typeof unfinished.answer>> => {
    await conductor.readBack.until(parsePosition(after));
    const runs = await activeInStory(conductor.parts.database.pool, correlationid);
    // Read later than the rows: what ended between is told as ended by then, which is true.
    return { position: printPosition(conductor.position ?? parsePosition(after)), runs };
  };
