import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import type { Position } from "@jackfield/spec/event/position";
import type { Events } from "./connection.ts";

/** What there is of the log in the stream. */
export interface StreamState {
  /** The second in which the stream was made, since 1970; a later one where `renewEpoch` gave it one. */
  epoch: number;
  created: string;
  /** The epoch was given to it: what it holds may have been read before. */
  renewed: boolean;
  /** The first and the last sequence that it holds; an empty stream has first = last + 1. */
  first: number;
  last: number;
  bytes: number;
  maxBytes: number;
}

/** A setting of the stream that is not what it should be. */
export interface Drift {
  setting: string;
  is: unknown;
  should: unknown;
}

export interface StreamOptions {
  /** The stream never grows beyond this; publishing is then refused until it has room. */
  maxBytes: number;
  /** Copies in a cluster. */
  replicas?: number;
}

const settingsOf = (events: Events, { maxBytes, replicas = 1 }: StreamOptions) => ({
  name: events.stream,
  subjects: [`${events.subjectRoot}.>`],
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  // Nothing is dropped by age or for room: only the tracker trims, and only what it has persisted.
  max_age: 0,
  max_msgs: -1,
  max_msgs_per_subject: -1,
  max_bytes: maxBytes,
  discard: DiscardPolicy.New,
  deny_delete: true,
  // Cannot be undone, and a stream that nobody may trim fills up once and stops.
  deny_purge: false,
  allow_rollup_hdrs: false,
  duplicate_window: nanos(120_000),
  num_replicas: replicas,
});

/**
 * Makes the stream when it is not there. One that is there is left as it is: what differs comes back, for people to
 * decide; nobody here changes or deletes a stream that holds events.
 */
export async function ensureStream(
  events: Events,
  options: StreamOptions,
): Promise<{ created: boolean; drift: Drift[] }> {
  const settings = settingsOf(events, options);
  const there = await streamInfo(events);
  if (there !== undefined) return { created: false, drift: driftOf(there, settings) };
  try {
    await events.manager.streams.add(settings);
    return { created: true, drift: [] };
  } catch (error) {
    // Another service may have made it in the same moment.
    const made = await streamInfo(events);
    if (made === undefined) throw error;
    return { created: false, drift: driftOf(made, settings) };
  }
}

function driftOf(info: StreamInfo, settings: ReturnType<typeof settingsOf>): Drift[] {
  const actual = new Map<string, unknown>(Object.entries(info.config));
  const zeroes: Record<string, unknown> = { deny_delete: false, deny_purge: false, allow_rollup_hdrs: false };
  return Object.entries(settings)
    .map(([setting, should]) => ({ setting, is: actual.get(setting) ?? zeroes[setting], should }))
    .filter(({ is, should }) => JSON.stringify(is) !== JSON.stringify(should));
}

/** Takes every message before this one out of the stream. For the one who has kept them. */
export async function trimStream(events: Events, from: number): Promise<void> {
  await events.manager.streams.purge(events.stream, { seq: from });
}

/** The state of the stream, or undefined when there is none. */
export async function streamState(events: Events): Promise<StreamState | undefined> {
  const info = await streamInfo(events);
  if (info === undefined) return undefined;
  const epoch = epochOf(info);
  return {
    epoch,
    created: info.created,
    renewed: epoch !== secondOf(info),
    // A stream that never held anything says first 0.
    first: Math.max(1, info.state.messages === 0 ? info.state.last_seq + 1 : info.state.first_seq),
    last: info.state.last_seq,
    bytes: info.state.bytes,
    maxBytes: info.config.max_bytes,
  };
}

/** The description is what every version of the server keeps with a stream, and only who may change it can write. */
function epochOf({ created, config }: StreamInfo): number {
  const [, given = "0"] = /^Epoch (\d+)$/.exec(config.description ?? "") ?? [];
  return Math.max(secondOf({ created }), Number(given));
}

const secondOf = ({ created }: Pick<StreamInfo, "created">): number => Math.floor(Date.parse(created) / 1000);

/**
 * Gives a stream that is not the one that was read up to `last` a later epoch, if it has none: it lost its end, an old
 * copy was put back, or it was made by a clock that had gone back. Every reader then begins at its start.
 */
export async function renewEpoch(events: Events, last: Position): Promise<void> {
  const info = await streamInfo(events);
  if (info === undefined || epochOf(info) > last.epoch) return;
  await events.manager.streams.update(events.stream, { description: `Epoch ${last.epoch + 1}` });
}

async function streamInfo(events: Events): Promise<StreamInfo | undefined> {
  try {
    return await events.manager.streams.info(events.stream);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)
      return undefined;
    throw error;
  }
}
