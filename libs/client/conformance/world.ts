import type { z } from "zod";
import type { registerHandler } from "@jackfield/spec/http/handlers";
import type { Attempt } from "./attempt.ts";
import type { Contract } from "./contract.ts";
import type { SampleOptions } from "./sample-task.ts";

export type Registered = Omit<z.output<typeof registerHandler.body>, "leaving"> & { name: string };

/** Something that a handler said though nobody may say it: a fact, an answer to no question. */
export interface Stray {
  what: string;
}

export interface GiveOptions extends SampleOptions {
  attempt?: number;
  /** The same task as this one. */
  again?: Attempt;
  mayGoOn?: Attempt["mayGoOn"];
  refusals?: number;
  finishSeconds?: number;
  leaseSeconds?: number;
  /** Inputs instead of the sample's. */
  inputs?: Record<string, unknown>;
  /** Attributes beside those that we know. */
  attributes?: Record<string, unknown>;
}

/** A little Jackfield for one handler under test: it gives tasks out, keeps artifacts, and writes down all it hears. */
export interface World extends AsyncDisposable {
  readonly url: string;
  readonly contract: Contract;
  readonly attempts: Map<string, Attempt>;
  /** Tasks that wait for a handler that asks for them. */
  readonly queue: Attempt[];
  readonly registered: Registered[];
  /** Who ever came in, also when it left since. */
  readonly everRegistered: Registered[];
  readonly strays: Stray[];
  readonly artifacts: Map<string, Uint8Array>;
  /** Lets everybody who awaits `changed` look around. */
  wake(): void;
  changed(): Promise<void>;
  /** A new attempt that nobody has yet. */
  create(handler: string, options: GiveOptions): Promise<Attempt>;
}
