import { expect, test } from "vitest";
import { z } from "zod";
import { openEvents } from "@jackfield/events/connection";
import { question } from "@jackfield/spec/ask/question";
import { natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { answerTo, askService } from "./answer.ts";
import { defineService } from "./define.ts";
import { startService, type RunningService } from "./start.ts";

const nats = natsForThisFile();
const place = question("logs", "<handler>", {
  input: z.object({ task: z.string() }),
  answer: z.object({ at: z.string() }),
});

test("a service without state answers on every instance, without a database; who has nothing is silent", async () => {
  const environment = {
    JACKFIELD_NATS_URL: nats.url,
    JACKFIELD_PREFIX: prefix(),
    JACKFIELD_LOG_LEVEL: "silent",
  };
  const start = (at: string): Promise<RunningService> =>
    startService(
      defineService({
        name: "keeper",
        answers: () => [
          answerTo(place, async ({ task }) => (task === at ? { at } : undefined), { name: "command" }),
        ],
      }),
      environment,
    );
  const instances = await Promise.all([start("a"), start("b")]);
  await using events = await openEvents({
    url: nats.url,
    name: "asker",
    prefix: environment.JACKFIELD_PREFIX,
  });
  const ask = (task: string) => askService(events, place, { task }, { name: "command", timeoutMs: 200 });
  expect(instances.map((each) => each.ready())).toEqual([{ ready: true }, { ready: true }]);
  expect(await Promise.all([ask("a"), ask("b")])).toEqual([{ at: "a" }, { at: "b" }]);
  await expect(ask("c")).rejects.toMatchObject({ code: "E_UNREACHABLE" });
  for (const each of instances) await each.stop(0);
  await expect(ask("a")).rejects.toMatchObject({ why: "nobody listens on logs.command" });
});
