import type { z } from "zod";
import type { loggedEvent } from "@jackfield/spec/ask/tracker";

export type LoggedEvent = z.output<typeof loggedEvent>;

/** What stands between two events: some are not there any more, or the server is away for a while. */
export type Interruption = { gap: string } | { away: string };

/** What a reader of the stream is told. */
export type Told = { event: LoggedEvent } | Interruption;

/** Where a reader of the stream stands. */
export interface Place {
  /** The reader has, or does not want, everything up to here; absent before the first word. */
  last?: string;
  /** When the server was last heard, on the monotonic clock. */
  heardMs: number;
  /** Live streams do not come through here. */
  polls?: boolean;
}
