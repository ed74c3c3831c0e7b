import type { Artifacts } from "@jackfield/artifacts/artifacts";
import type { Events } from "@jackfield/events/connection";
import type { Publisher } from "@jackfield/events/publish";
import type { Database } from "@jackfield/postgres/database";
import type { Health } from "@jackfield/service/health";
import type { Log } from "@jackfield/service/log";
import type { TokenBook } from "./access/token-book.ts";
import type { TokenStore } from "./access/token-store.ts";
import type { AskedOfEvents } from "./asked-of-events.ts";
import type { Contracts } from "./contracts.ts";
import type { HookSecrets } from "./hooks/secrets.ts";
import type { LiveLog } from "./live-log.ts";
import type { Issuer } from "./oidc/settings.ts";
import type { TaskTokens } from "./task-token.ts";

/** What the routes share. */
export interface GatewayParts {
  events: Events;
  publisher: Publisher;
  artifacts: Artifacts;
  health: Health;
  log: Log;
  live: LiveLog;
  contracts: Contracts;
  /** What others say of events that come in. */
  asked: AskedOfEvents;
  /** Tokens of tasks. */
  tokens: TaskTokens;
  /** The gateway's own schema; away, everything that does not need it goes on. */
  database: Database;
  /** Tokens of people and programs: the table, and what is known of it. */
  store: TokenStore;
  book: TokenBook;
  /** Whose identity tokens are exchanged for ours. */
  issuers: readonly Issuer[];
  hookSecrets: HookSecrets;
  heartbeatMs: number;
  /** Live streams at once, all together and of one token. */
  mostStreams: { all: number; each: number };
  /** Aborted when the gateway closes; whoever waits stops. */
  closing: AbortSignal;
}
