import { streamState, trimStream, type StreamState } from "@jackfield/events/stream";
import type { Parts } from "@jackfield/service/define";
import type { Position } from "@jackfield/spec/event/position";

/** From here on the oldest go, down to `roomy`: a stream is never so full that the next burst does not fit. */
const crowded = 0.8;
const roomy = 0.6;
const everyMs = 2_000;

export interface TrimOptions {
  /** Up to here everything is in the log. */
  kept: () => Position;
  /** Younger messages stay in the stream as long as there is room. */
  days: number;
}

/** Trims the stream now and then until it is closed. What fails is tried again at the next time. */
export function startTrimming(
  parts: Pick<Parts, "database" | "events" | "log">,
  options: TrimOptions,
): { close(): void } {
  let running = false;
  const once = async (): Promise<void> => {
    if (running) return;
    running = true;
    try {
      await trim(parts, options);
    } catch (error) {
      parts.log.warn({ event: "stream.untrimmed", error: String(error) }, "it is tried again in a moment");
    } finally {
      running = false;
    }
  };
  const timer = setInterval(() => void once(), everyMs).unref();
  void once();
  return { close: () => clearInterval(timer) };
}

/** Takes out of the stream what is in the log and old, or in the way. */
async function trim(
  { database, events, log }: Pick<Parts, "database" | "events" | "log">,
  { kept, days }: TrimOptions,
): Promise<void> {
  const position = kept();
  const state = await streamState(events);
  if (state?.epoch !== position.epoch) return;
  const old = await youngSince(database, state, Date.now() - days * 86_400_000);
  const from = Math.min(position.sequence + 1, Math.max(old ?? Infinity, overflowing(state)));
  if (from <= state.first) return;
  await trimStream(events, from);
  log.info({ event: "stream.trimmed", from: state.first, to: from - 1, bytes: state.bytes }, "trimmed");
}

/** The first message that may stay when the stream grows too large; all messages count as equally large. */
export function overflowing({ first, last, bytes, maxBytes }: StreamState): number {
  if (bytes < crowded * maxBytes) return first;
  return first + Math.ceil((last - first + 1) * (1 - (roomy * maxBytes) / bytes));
}

/** The first kept event that was stored since `sinceMs`; undefined when all are older. */
async function youngSince({ pool }: Parts["database"], state: StreamState, sinceMs: number) {
  const { rows } = await pool.query<{ sequence: number }>({
    name: "young-since",
    text: `select sequence from events where epoch = $1 and sequence >= $2 and at >= to_timestamp($3 / 1000.0)
           order by sequence limit 1`,
    values: [state.epoch, state.first, sinceMs],
  });
  return rows[0]?.sequence;
}
