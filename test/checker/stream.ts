import { readFile } from "node:fs/promises";
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type JsMsg } from "@nats-io/jetstream";
import { connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import type { Message } from "./envelope.ts";

export interface Stream {
  epoch: number;
  /** Subjects of events begin with it. */
  root: string;
  first: number;
  last: number;
  messages: Message[];
}

export interface StreamAddress {
  natsUrl: string;
  /** The path of a `.creds` file. */
  natsCreds?: string | undefined;
  prefix?: string | undefined;
}

const page = 1_000;

const nameOf = ({ prefix }: StreamAddress): string => (prefix === undefined ? "EVENTS" : `${prefix}_EVENTS`);

const epochOf = (created: string): number => Math.floor(Date.parse(created) / 1_000);

/** Works on a connection of its own. */
export async function withConnection<T>(
  { natsUrl, natsCreds }: StreamAddress,
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect({
    ...serverOf(natsUrl),
    ...(natsCreds !== undefined && { authenticator: credsAuthenticator(await readFile(natsCreds)) }),
    inboxPrefix: "_INBOX_checker",
  });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** Which stream there is now, and where it ends. */
export const streamEnd = (address: StreamAddress): Promise<Pick<Stream, "epoch" | "last">> =>
  withConnection(address, async (connection) => {
    const manager = await jetstreamManager(connection, { checkAPI: false });
    const { created, state } = await manager.streams.info(nameOf(address));
    return { epoch: epochOf(created), last: state.last_seq };
  });

/** Everything that the stream holds now, raw, in its order. */
export const readStream = (address: StreamAddress): Promise<Stream> =>
  withConnection(address, async (connection) => {
    const name = nameOf(address);
    const client = jetstream(connection);
    const manager = await client.jetstreamManager(false);
    const { created, state } = await manager.streams.info(name);
    const epoch = epochOf(created);
    const messages: Message[] = [];
    while (messages.length < state.messages) {
      const { name: consumer } = await manager.consumers.add(name, {
        ack_policy: AckPolicy.None,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: (messages.at(-1)?.sequence ?? 0) + 1,
        mem_storage: true,
      });
      // Asked for more than there is, it would wait for the rest.
      const max_messages = Math.min(page, state.messages - messages.length);
      const batch = await (
        await client.consumers.get(name, consumer)
      ).fetch({ max_messages, expires: 5_000 });
      for await (const message of batch) messages.push({ epoch, ...rawOf(message) });
      await manager.consumers.delete(name, consumer);
    }
    const root = address.prefix === undefined ? "evt" : `${address.prefix}.evt`;
    return { epoch, root, first: state.first_seq, last: state.last_seq, messages };
  });

function rawOf(message: JsMsg): Omit<Message, "epoch"> {
  return {
    sequence: message.seq,
    subject: message.subject,
    storedMs: Math.floor(message.info.timestampNanos / 1e6),
    headers: headersOf(message),
    body: message.data,
  };
}

/** The client parses headers only now, and throws for strange ones. */
function headersOf(message: JsMsg): [string, string][] {
  try {
    return [...(message.headers ?? [])].map(([name, values]) => [name, String(values)]);
  } catch {
    return [];
  }
}

/** The client takes user and password beside the addresses. */
function serverOf(url: string): { servers: string[]; user?: string; pass?: string } {
  const urls = url.split(",").map((one) => new URL(one));
  const user = decodeURIComponent(urls[0]?.username ?? "");
  const pass = decodeURIComponent(urls[0]?.password ?? "");
  return { servers: urls.map(({ host }) => host), ...(user !== "" && { user, pass }) };
}
