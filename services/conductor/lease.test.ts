import { askService } from "@jackfield/service/answer";
import * as ask from "@jackfield/spec/ask/conductor";
import { startedData } from "@jackfield/spec/event/task";
import { expect, test } from "vitest";
import { freshDatabase, natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { makePlace } from "./story-place.ts";
import { step, World } from "./story-world.ts";

const nats = natsForThisFile();

test("an attempt goes on for the instance whose started is in the stream, and for no other", async () => {
  const bed = await makePlace({ natsUrl: nats.url, database: await freshDatabase(), prefix: prefix() });
  const world = await World.open(bed);
  try {
    await world.conductor();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await world.weather([step("fetch", () => held)]);
    await world.run({ cache: false });
    await world.until("fetch is started", () => world.count("fetch.started") === 1);
    const [started] = world.all("fetch.started");
    const { instance } = startedData.parse(started?.data);
    const task = { task: started?.subject ?? "", triggeredid: started?.triggeredid ?? "", attempt: 1 };
    const place = { name: ask.placeOfHandler("weather", "fetch") };
    const mayGoOn = (who: string) =>
      askService(world.events, ask.lease, { ...task, instance: who, project: "weather" }, place);
    expect(await mayGoOn("another")).toEqual({ go: false, reason: "stale" });
    expect(await mayGoOn(instance)).toMatchObject({ go: true });
    release();
    await world.until("the run finishes", () => world.count("run.finished") === 1);
  } finally {
    await world[Symbol.asyncDispose]();
    await bed.clear();
  }
});
