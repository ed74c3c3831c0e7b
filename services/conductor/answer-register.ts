import type { z } from "zod";
import { ensureHandlerConsumer } from "@jackfield/events/handler-consumer";
import { handlerKey, registration } from "@jackfield/lifecycle/handlers";
import { Problem } from "@jackfield/problem/problem";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { placeOfHandler, type register } from "@jackfield/spec/ask/conductor";
import { handlerDescription, type HandlerDescription } from "@jackfield/spec/facts/handler";
import type { Conductor } from "./conductor.ts";

type Greeting = z.output<typeof register.input>;
type Welcome = z.input<typeof register.answer>;

/** Slots are in the memory of the active conductor: so long after a take-over it knows again who is there. */
const everySeconds = 2;
/** A consumer that somebody deleted, alone or with its stream, is made anew at the next greeting after this time. */
const ensureAgainMs = 3_000;

/** A handler says that it is there: it gets its consumers, its slots count, and what is new about it becomes a fact. */
export function welcomeHandlers(
  conductor: Conductor,
): (greeting: Greeting, about: { subject: string }) => Promise<Welcome> {
  const made = new Map<string, { untilMs: number; consumers: Promise<Welcome["consumers"]> }>();
  return async (greeting, { subject }) => {
    const description = handlerDescription.parse(greeting);
    checkName(description, subject);
    checkScope(conductor, description);
    const key = `${handlerKey(description.project, description.handler)} ${Object.keys(description.contracts).join(" ")} ${greeting.instance}`;
    const known = made.get(key);
    const nowMs = performance.now();
    const consumers =
      known !== undefined && known.untilMs > nowMs ? known.consumers : makeConsumers(conductor, description);
    made.set(key, {
      consumers,
      untilMs: known?.consumers === consumers ? known.untilMs : nowMs + ensureAgainMs,
    });
    // Nobody is given work before there is a place where it can find it.
    await consumers.catch((error: unknown) => {
      made.delete(key);
      throw error;
    });
    note(conductor, greeting, description);
    if (greeting.leaving === true) made.delete(key);
    return { consumers: await consumers, everySeconds };
  };
}

function note(conductor: Conductor, greeting: Greeting, description: HandlerDescription): void {
  const { instance, concurrency, leaving = false } = greeting;
  const changed = conductor.live.greet({ description, instance, concurrency, leaving }, performance.now());
  const current = conductor.live.get(handlerKey(description.project, description.handler))?.description;
  // Made when its turn comes: what was said before it may have been read back by then.
  const say = (now: string): CloudEvent[] => {
    const fact = current === undefined ? undefined : registration(conductor.state, current, now);
    return fact === undefined ? [] : [fact];
  };
  if (say("").length > 0) void conductor.decideNow(say);
  else if (changed) conductor.wake();
}

async function makeConsumers(
  { parts }: Conductor,
  { project, handler, contracts }: HandlerDescription,
): Promise<Welcome["consumers"]> {
  return Promise.all(
    Object.keys(contracts).map(async (capability) => ({
      capability,
      ...(await ensureHandlerConsumer(parts.events, { project: project ?? "*", handler, capability })),
    })),
  );
}

function checkName({ handler, project }: HandlerDescription, subject: string): void {
  const own = `handler.${placeOfHandler(project, handler)}`;
  if (subject === own) return;
  throw new Problem("E_NOT_YOURS", `${handler} cannot register on ${subject}.`, {
    next: `register on ${own}`,
  });
}

/** One name that is both a project's and global would get every task twice. */
function checkScope({ live, state }: Conductor, { handler, project }: HandlerDescription): void {
  const others = [...live.keys()].flatMap((key) => live.get(key)?.description ?? []);
  const clash = others.find(
    (other) =>
      other.handler === handler && other.project !== project && (other.project === null || project === null),
  );
  if (clash === undefined) return;
  const place = clash.project === null ? "for every project" : `in project ${clash.project}`;
  const known = [...state.handlers.values()].map(({ description }) => description.handler);
  throw new Problem("E_STATE", `There is a handler ${handler} ${place} already.`, {
    why: "with both of them every task of that name would be done twice",
    next: `take another name; in use: ${[...new Set(known)].join(", ")}`,
  });
}
