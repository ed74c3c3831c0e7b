import { Problem } from "@jackfield/problem/problem";
import { shortType } from "@jackfield/spec/event/type";
import { getParked, postRedrive } from "@jackfield/spec/http/parked";
import { confirmCount } from "./confirm.ts";
import { exit } from "./exit.ts";
import type { Server } from "./server.ts";
import { decided, type Call } from "./verb.ts";
import { checkedFilter } from "./verbs/tail.ts";
import { many, table } from "./words.ts";

/** Hands parked events to their readers again: those that were counted, and no others. */
export async function retryParked(call: Call): Promise<number> {
  if (call.refs.length > 0)
    throw new Problem("E_USAGE", "retry --parked takes no ref", { next: "choose with --where FILTER" });
  const { flags, out } = call;
  const server = await call.server();
  const filter = checkedFilter(flags.text("where") ?? "");
  const { parked: chosen } = await server.get(getParked.answer, "/v1/parked", { filter });
  if (flags.on("dry-run") || chosen.length === 0) {
    const rows = chosen.map(({ reader, position, event, reason }) => [
      reader,
      position,
      event === undefined ? "no event" : `${shortType(event.type)} ${event.id}`,
      reason,
    ]);
    out.show(chosen, () =>
      rows.length === 0 ? "nothing is parked" : table(["reader", "position", "event", "reason"], rows),
    );
    if (chosen.length > 0) out.next(`jackfield retry --parked --yes=${chosen.length}`);
    return exit.pass;
  }
  await confirmCount(call, { count: chosen.length, what: `redrive ${many(chosen.length, "parked event")}` });
  return redrive(call, server, chosen);
}

async function redrive(
  call: Call,
  server: Server,
  chosen: readonly { reader: string; position: string }[],
): Promise<number> {
  const deliveries = chosen.map(({ reader, position }) => ({ reader, position }));
  const answer = await server.post(postRedrive.answer, "/v1/parked/redrive", {
    body: { deliveries, ...decided(call) },
  });
  call.out.show(answer, () =>
    [
      `${many(answer.redriven.length, "event")} redriven`,
      ...answer.parked.map(({ reader, position, reason }) => `${reader} parked ${position} again: ${reason}`),
    ].join("\n"),
  );
  return answer.parked.length === 0 ? exit.pass : exit.couldNotRun;
}
