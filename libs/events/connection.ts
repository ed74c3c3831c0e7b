import { setTimeout as delay } from "node:timers/promises";
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import {
  AuthorizationError,
  connect,
  createInbox,
  deferred,
  type ConnectionOptions,
  type NatsConnection,
  type Status,
} from "@nats-io/transport-node";
import { Problem } from "@jackfield/problem/problem";
import { identityOf } from "./credential.ts";
import { namesOf, type Names } from "./names.ts";

/** A connection to NATS, and the names under which events and questions go there. */
export interface Events extends AsyncDisposable, Readonly<Names> {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly prefix: string | undefined;
  /** Whose rights it has. */
  readonly user: string;
  /** What nobody without its credential can guess; empty without one. */
  readonly secret: string;
  /** What the subjects of the JetStream API begin with: `$JS.API`, and another name in the account of the handlers. */
  readonly api: string;
  /** A fresh subject for replies, which only this connection may read. */
  inbox(): string;
  /** False between a disconnect and the reconnect. */
  readonly connected: boolean;
  /** When the connection was made last, at first or again; ms of the monotonic clock. */
  readonly connectedMs: number;
  /** Resolves when there is a connection: at once, or after the reconnect. @throws when it was closed or the signal aborts. */
  whenConnected(signal?: AbortSignal): Promise<void>;
  /** Calls back on disconnect, reconnect and errors of the server; returns how to stop that. */
  watch(listener: (status: Status) => void): () => void;
  /** Sends what is still to be sent, then closes; at most 5 s. */
  close(): Promise<void>;
}

export interface EventsOptions {
  /** `nats://user:password@host:port`, several separated by commas. */
  url: string;
  /** Who connects: a service or a handler. */
  name: string;
  /**
   * The text of a `.creds` file. Replies come to `_INBOX_<user>.>`, which nobody else may read; the user is that of the
   * credential where we issued it, else the name.
   */
  creds?: string | undefined;
  prefix?: string | undefined;
  /** How long the first connection may take; later ones are tried for ever. */
  deadlineMs?: number;
  signal?: AbortSignal;
}

/**
 * Connects to NATS, waiting for a server that is just starting.
 * @throws Problem E_STORE_DOWN when nobody answers before the deadline, E_CONFIG for a wrong user.
 */
export async function openEvents(options: EventsOptions): Promise<Events> {
  const { prefix, name, creds } = options;
  const { api, secret, authenticator, user = name } = identityOf(creds);
  const inboxPrefix = `_INBOX_${user}`;
  const connection = await firstConnection(options, {
    inboxPrefix,
    ...(authenticator !== undefined && { authenticator }),
  });
  const line = new Line(connection);
  const close = (): Promise<void> => closeWithin(connection, line.up ? 5_000 : 0);
  return {
    connection,
    // Asking for the account's limits would need a right that handlers do not have.
    manager: await jetstreamManager(connection, { checkAPI: false, timeout: 3_000, apiPrefix: api }),
    ...namesOf(prefix),
    prefix,
    user,
    secret,
    api,
    inbox: () => createInbox(inboxPrefix),
    get connected() {
      return line.up;
    },
    get connectedMs() {
      return line.upSinceMs;
    },
    whenConnected: (signal) => line.whenConnected(signal),
    watch: (listener) => line.watch(listener),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function firstConnection(
  { url, name, deadlineMs = 15_000, signal }: EventsOptions,
  who: Pick<ConnectionOptions, "inboxPrefix" | "authenticator">,
): Promise<NatsConnection> {
  const deadline = performance.now() + deadlineMs;
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
    signal?.throwIfAborted();
    try {
      return await connect({
        ...serversOf(url),
        ...who,
        name,
        timeout: Math.max(100, Math.min(5_000, deadline - performance.now())),
        maxReconnectAttempts: -1,
        reconnectTimeWait: 200,
        reconnectJitter: 300,
        // A server that hangs without closing is noticed after three unanswered pings.
        pingInterval: 10_000,
        ignoreAuthErrorAbort: true,
        noAsyncTraces: true,
      });
    } catch (error) {
      if (error instanceof AuthorizationError) throw wrongUser(url, error);
      if (performance.now() + pauseMs > deadline) throw unreachable(url, deadlineMs, error);
      await delay(pauseMs, undefined, { ...(signal !== undefined && { signal }) });
    }
  }
}

/** Is the connection up? One reader of its statuses for all who want to know. */
class Line {
  /** The statuses arrive a moment after the fact. */
  up = true;
  upSinceMs = performance.now();
  readonly #connection: NatsConnection;
  readonly #listeners = new Set<(status: Status) => void>();

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    void this.#listen();
  }

  watch(listener: (status: Status) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async whenConnected(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.up && !this.#connection.isClosed()) return;
    const settled = deferred<undefined>();
    const look = (): void => {
      if (this.#connection.isClosed()) settled.reject(closed());
      else if (this.up) settled.resolve(undefined);
    };
    const abort = (): void => {
      settled.reject(signal?.reason instanceof Error ? signal.reason : new Error("stopped"));
    };
    const unwatch = this.watch(look);
    signal?.addEventListener("abort", abort);
    look();
    await settled.finally(() => {
      unwatch();
      signal?.removeEventListener("abort", abort);
    });
  }

  async #listen(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === "disconnect") this.up = false;
      if (status.type === "reconnect") {
        this.up = true;
        this.upSinceMs = performance.now();
      }
      for (const listener of [...this.#listeners]) listener(status);
    }
    for (const listener of [...this.#listeners]) listener({ type: "close" });
  }
}

const closed = (): Problem => new Problem("E_STORE_DOWN", "The connection to NATS was closed.");

async function closeWithin(connection: NatsConnection, deadlineMs: number): Promise<void> {
  if (connection.isClosed()) return;
  const timer = new AbortController();
  // Draining waits for the server; one that is gone must not keep a process from ending.
  const drained = deadlineMs === 0 ? undefined : connection.drain().catch(() => undefined);
  await Promise.race([
    drained,
    delay(deadlineMs, undefined, { signal: timer.signal }).catch(() => undefined),
  ]);
  timer.abort();
  await connection.close();
}

/** The client takes user and password beside the addresses, and passes over those inside them. */
function serversOf(url: string): Pick<ConnectionOptions, "servers" | "user" | "pass" | "token"> {
  const servers = url.split(",").map((server) => withoutSecret(server.trim()));
  const [, secret] = /\/\/([^@/,]*)@/.exec(url) ?? [];
  if (secret === undefined) return { servers };
  const [user = "", pass] = secret.split(":").map(decodeURIComponent);
  return pass === undefined ? { servers, token: user } : { servers, user, pass };
}

const withoutSecret = (url: string): string => url.replaceAll(/\/\/[^@/,]*@/g, "//");

const unreachable = (url: string, deadlineMs: number, cause: unknown): Problem =>
  new Problem("E_STORE_DOWN", `NATS does not answer at ${withoutSecret(url)}.`, {
    why: `tried for ${Math.round(deadlineMs / 1000)} s: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: "start it (`jackfield up` does), or set JACKFIELD_NATS_URL to where it listens",
    cause,
  });

const wrongUser = (url: string, cause: Error): Problem =>
  new Problem("E_CONFIG", `NATS at ${withoutSecret(url)} refuses this user.`, {
    why: cause.message,
    next: "put the right user and password into JACKFIELD_NATS_URL, or the path of its .creds file into JACKFIELD_NATS_CREDS",
    cause,
  });
