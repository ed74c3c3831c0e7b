import type { Artifacts } from "@jackfield/artifacts/artifacts";
import type { Events } from "@jackfield/events/connection";
import type { Publisher } from "@jackfield/events/publish";
import type { Health } from "@jackfield/service/health";
import type { Log } from "@jackfield/service/log";
import type { LiveLog } from "./live-log.ts";
import type { TaskTokens } from "./task-token.ts";

/** What the routes share. */
export interface GatewayParts {
  events: Events;
  publisher: Publisher;
  artifacts: Artifacts;
  health: Health;
  log: Log;
  live: LiveLog;
  tokens: TaskTokens;
  heartbeatMs: number;
  /** Aborted when the gateway closes; whoever waits stops. */
  closing: AbortSignal;
}
