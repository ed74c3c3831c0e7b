import type { z } from "zod";
import { shortType } from "@jackfield/spec/event/type";
import { withheld } from "@jackfield/spec/ask/tracker";
import { getParked } from "@jackfield/spec/http/parked";
import type { ParkedDelivery } from "@jackfield/spec/ask/reader";
import type { Server } from "./server.ts";
import { clock, table } from "./words.ts";

type Withheld = z.output<typeof withheld.answer>["withheld"][number];

/** What did not count: withheld from the log by the tracker, or parked by a reader that could not fold it. */
export interface KeptAside {
  parked: ParkedDelivery[];
  withheld: Withheld[];
  /** Readers that did not answer. */
  silent: string[];
}

/** With a filter only what is parked, since that is what can be tried again. */
export async function readKeptAside(
  server: Server,
  { filter, limit }: { filter?: string | undefined; limit: number },
): Promise<KeptAside> {
  const [aside, page] = await Promise.all([
    server.get(getParked.answer, "/v1/parked", { filter }),
    filter === undefined ? server.get(withheld.answer, "/v1/withheld", { limit }) : undefined,
  ]);
  return { ...aside, withheld: page?.withheld ?? [] };
}

/** What a person can do about each kind. */
const wayOut: Record<Withheld["why"], string> = {
  conflict: "send it with an id of its own",
  forged: "find out who may publish there",
  "not-an-event": "send a CloudEvent",
  "no-question": "nothing: it answers what was never asked",
  missing: "find out who took it out of the stream",
};

export function keptAsideText({ parked, withheld: kept, silent }: KeptAside): string {
  const rows = [
    ...parked.map(({ position, at, reader, event, subject, reason, times }) => [
      position,
      clock(at),
      `parked by ${reader}${times > 1 ? ` ×${times}` : ""}`,
      event === undefined ? subject : `${shortType(event.type)} ${event.id} from ${event.source}`,
      reason,
      "jackfield retry --parked",
    ]),
    ...kept.map(({ position, at, why, detail, subject }) => [
      position,
      clock(at),
      why,
      subject,
      detail,
      wayOut[why],
    ]),
  ].map((row) => row.map(oneLine));
  const absent = silent.map((reader) => `${reader} does not answer, so what it parked is not shown`);
  const shown =
    rows.length === 0
      ? "nothing was kept aside"
      : table(["position", "when", "why", "what", "detail", "way out"], rows);
  return [shown, ...absent].join("\n");
}

const mostOfCell = 90;
const oneLine = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > mostOfCell ? `${line.slice(0, mostOfCell)}…` : line;
};

/** One of them, by its position. */
export async function findKeptAside(server: Server, position: string): Promise<KeptAside> {
  const [epoch = "", sequence = ""] = position.split("-");
  const cursor = `${epoch}-${Number(sequence) + 1}`;
  const [aside, page] = await Promise.all([
    server.get(getParked.answer, "/v1/parked"),
    server.get(withheld.answer, "/v1/withheld", { cursor, limit: 1 }),
  ]);
  const here = (one: { position: string }): boolean => one.position === position;
  return { ...aside, parked: aside.parked.filter(here), withheld: page.withheld.filter(here) };
}
