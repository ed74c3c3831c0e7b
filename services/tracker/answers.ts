import { answerTo, type Answer } from "@jackfield/service/answer";
import * as ask from "@jackfield/spec/ask/tracker";
import { parsePosition } from "@jackfield/spec/event/position";
import type { z } from "zod";
import { inTurn } from "@jackfield/service/in-turn";
import { runAsOf, runsAsOf } from "./questions/as-of.ts";
import { answeredBy } from "./questions/answered.ts";
import { artifactNamed } from "./questions/artifact.ts";
import { eventWithCauses, whatIsUnder } from "./questions/event.ts";
import { eventsMatching } from "./questions/events.ts";
import { logFrom } from "./questions/log.ts";
import { runAsTree } from "./questions/run.ts";
import { runsMatching } from "./questions/runs.ts";
import { whatIsWithheld } from "./questions/withheld.ts";
import type { Tracker } from "./tracker.ts";

/** A question that reads may first wait until a position is in the log. */
const afterwards =
  ({ reached }: Tracker) =>
  <Input extends { after?: string | undefined }, Reply>(reply: (asked: Input) => Promise<Reply>) =>
  async (asked: Input): Promise<Reply> => {
    await reached(asked.after);
    return reply(asked);
  };

/** Every question that the tracker answers. */
export function answersOf(tracker: Tracker): Answer[] {
  const { db, types, progress } = tracker;
  const reading = afterwards(tracker);
  const events = async (asked: z.output<typeof ask.events.input>) => {
    // Read first: whatever is committed meanwhile is then asked for again, and nothing is skipped.
    const { position } = progress();
    return { ...(await eventsMatching(db, asked, types)), ...(position !== undefined && { position }) };
  };
  return [
    answerTo(ask.events, reading(events)),
    answerTo(
      ask.event,
      reading((asked) => eventWithCauses(db, asked)),
    ),
    answerTo(
      ask.keys,
      reading((asked) => whatIsUnder(db, asked)),
    ),
    ...answersOnRuns(tracker),
    answerTo(
      ask.artifact,
      reading((asked) => artifactNamed(db, asked)),
    ),
    answerTo(
      ask.answered,
      reading((asked) => answeredBy(db, asked)),
    ),
    answerTo(
      ask.withheld,
      reading((asked) => whatIsWithheld(db, asked)),
    ),
    answerTo(
      ask.position,
      reading(async () => progress()),
    ),
    ...answersToReaders(tracker),
  ];
}

/** Runs as they are, or as they were. */
function answersOnRuns(tracker: Tracker): Answer[] {
  const { db, database } = tracker;
  const reading = afterwards(tracker);
  // Each is a fold of its own, on a connection of its own.
  const past = inTurn();
  return [
    answerTo(
      ask.runs,
      reading(({ at, ...asked }) =>
        at === undefined ? runsMatching(db, asked) : past(() => runsAsOf(database, { ...asked, at })),
      ),
    ),
    answerTo(
      ask.run,
      reading(({ at, ...asked }) =>
        at === undefined ? runAsTree(db, asked) : past(() => runAsOf(database, { ...asked, at })),
      ),
    ),
  ];
}

/** What other log readers ask when the stream does not go on. */
const answersToReaders = ({ db, position, days, renew }: Tracker): Answer[] => [
  answerTo(ask.log, (asked) => logFrom(db, asked, { progress: position, days })),
  answerTo(ask.renew, async ({ last }) => {
    await renew(parsePosition(last));
    return {};
  }),
];
