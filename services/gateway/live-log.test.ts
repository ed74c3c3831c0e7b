import { openEvents } from "@jackfield/events/connection";
import { ensureStream } from "@jackfield/events/stream";
import { openLog } from "@jackfield/service/log";
import { expect, test } from "vitest";
import { natsForThisFile, prefix } from "../../test/bed/servers.ts";
import { LiveLog } from "./live-log.ts";

const nats = natsForThisFile();

test("who waits before there is a stream is woken when it is found, not only by its first event", async () => {
  await using events = await openEvents({ url: nats.url, name: "gateway", prefix: prefix() });
  const live = new LiveLog(events, openLog({ service: "gateway", level: "silent" }));
  const stop = new AbortController();
  const reading = live.run(stop.signal);
  const woken = live.changed();
  expect(live.held).toBeUndefined();
  await ensureStream(events, { maxBytes: 1024 * 1024 });
  await woken;
  expect(live.held?.end.sequence).toBe(0);
  stop.abort();
  await reading;
});
