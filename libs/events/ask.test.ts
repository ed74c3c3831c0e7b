import { expect, test } from "vitest";
import { Problem } from "@jackfield/problem/problem";
import { natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { until } from "../../test/bed/until.ts";
import { answer, ask } from "./ask.ts";
import { openEvents, type Events } from "./connection.ts";

const nats = natsForThisFile();
const shared = prefix();
const opened = (name: string, stream = shared): Promise<Events> =>
  openEvents({ url: nats.url, name, prefix: stream });

test("a question gets its answer, with the subject that was asked and falsy values whole", async () => {
  await using service = await opened("conductor");
  await using asker = await opened("train");
  await using _ = await answer(service, "lease.*", async (input, subject) => ({
    input,
    subject,
    big: 9007199254740993n,
  }));
  for (const input of [{ task: "r/train" }, 0, false, null, undefined]) {
    expect(await ask(asker, "lease.train", input)).toEqual({
      ...(input !== undefined && { input }),
      subject: "lease.train",
      big: 9007199254740993n,
    });
  }
});

test("a problem comes back as the same problem, and one without a name as our own fault", async () => {
  await using service = await opened("tracker");
  await using asker = await opened("gateway");
  await using _ = await answer(service, "tracker.run", async (input) => {
    if (input === "named") throw new Problem("E_NOT_FOUND", "There is no run x.", { next: "ls runs" });
    throw new TypeError("oops");
  });
  await expect(ask(asker, "tracker.run", "named")).rejects.toMatchObject({
    code: "E_NOT_FOUND",
    next: "ls runs",
  });
  await expect(ask(asker, "tracker.run", "other")).rejects.toMatchObject({
    code: "E_BROKEN",
    message: "oops",
  });
});

test("who is not there, and who does not answer in time, is named", async () => {
  await using service = await opened("tracker");
  await using asker = await opened("gateway");
  await expect(ask(asker, "conductor.why", {})).rejects.toMatchObject({
    code: "E_UNREACHABLE",
    message: "conductor does not answer.",
    why: "nobody listens on conductor.why",
  });
  await using _ = await answer(service, "tracker.slow", () => new Promise(() => undefined));
  await expect(ask(asker, "tracker.slow", {}, { timeoutMs: 30 })).rejects.toMatchObject({
    code: "E_UNREACHABLE",
  });
});

test("who has no answer is silent, so that of several the one who knows is heard", async () => {
  await using one = await opened("train-1");
  await using other = await opened("train-2");
  await using asker = await opened("gateway");
  await using _silent = await answer(one, "logs.command", async () => undefined);
  await expect(ask(asker, "logs.command", {}, { timeoutMs: 50 })).rejects.toMatchObject({
    code: "E_UNREACHABLE",
  });
  await using _knows = await answer(other, "logs.command", async () => "epoch 1");
  expect(await ask(asker, "logs.command", {})).toBe("epoch 1");
});

test("an answer that is too large for a message is a problem, not silence", async () => {
  await using service = await opened("tracker");
  await using asker = await opened("gateway");
  await using _ = await answer(service, "tracker.all", async () => "x".repeat(2 * 1024 * 1024));
  await expect(ask(asker, "tracker.all", {})).rejects.toMatchObject({ code: "E_TOO_LARGE" });
  await expect(ask(asker, "tracker.all", "x".repeat(2 * 1024 * 1024))).rejects.toMatchObject({
    code: "E_TOO_LARGE",
  });
});

test("a reply aimed at the events is not given", async () => {
  await using service = await opened("tracker");
  await using thief = await opened("thief");
  const stolen: string[] = [];
  thief.connection.subscribe(`${shared}.evt.>`, {
    callback: (_, message) => void stolen.push(message.string()),
  });
  let asked = 0;
  await using _ = await answer(service, "tracker.run", async () => (asked += 1));
  thief.connection.publish(`${shared}.ctl.tracker.run`, "{}", { reply: `${shared}.evt.weather._.x` });
  await ask(thief, "tracker.run", {});
  expect({ stolen, asked }).toEqual({ stolen: [], asked: 1 });
});

test("what is asked while the server is away is answered when it is back, and what it took with it is told", async () => {
  await using service = await opened("projects");
  await using asker = await opened("gateway");
  await using _ = await answer(service, "projects.*", (_, subject) =>
    subject === "projects.never" ? new Promise(() => undefined) : Promise.resolve("here"),
  );
  const never = ask(asker, "projects.never", 1, { timeoutMs: 60_000 });
  const told = expect(never).rejects.toMatchObject({ code: "E_UNREACHABLE" });
  await nats.kill();
  await told;
  await until("the loss to be noticed", () => !asker.connected && !service.connected);
  const asking = ask(asker, "projects.list", 1, { timeoutMs: 60_000 });
  await nats.restart();
  // Whoever is back first finds nobody yet.
  const again = () => asking.catch(() => ask(asker, "projects.list", 1));
  expect(await until("an answer", again)).toBe("here");
});
