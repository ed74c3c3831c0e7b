import type { Events } from "@jackfield/events/connection";
import { askService } from "@jackfield/service/answer";
import { listens, type reaction } from "@jackfield/spec/ask/conductor";
import { keys } from "@jackfield/spec/ask/tracker";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { comparePositions, printPosition, type Position } from "@jackfield/spec/event/position";
import type { z } from "zod";
import { Bulk } from "./bulk.ts";

/** The stream has the event; what others say of it is waited for no longer than this. */
const askWithinMs = 1_000;

type Key = z.input<typeof keys.input>["keys"][number];

/** What the conductor and the tracker are asked of every event that comes in. */
export interface AskedOfEvents {
  /** Who listens to it? */
  listens: Bulk<CloudEvent, z.output<typeof reaction>>;
  /** What does the log hold under its key, once it was read up to this position? */
  keys: Bulk<{ key: Key; position: Position }, z.output<typeof keys.answer>["known"][number]>;
}

export const askOfEvents = (events: Events): AskedOfEvents => ({
  listens: new Bulk(async (asked) => {
    const said = await askService(events, listens, { events: asked }, { timeoutMs: askWithinMs });
    return said.reactions;
  }),
  keys: new Bulk(async (asked) => {
    const last = asked.map(({ position }) => position).reduce((a, b) => (comparePositions(a, b) < 0 ? b : a));
    const question = { keys: asked.map(({ key }) => key), after: printPosition(last) };
    return (await askService(events, keys, question, { timeoutMs: askWithinMs })).known;
  }),
});
