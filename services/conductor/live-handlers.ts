import { handlerKey } from "@jackfield/lifecycle/handlers";
import type { HandlerDescription } from "@jackfield/spec/facts/handler";

/** Several questions missed in a row. */
export const lostAfterMs = 15_000;
/** Handlers that were there before this process became active have this long to say that they still are. */
export const returnMs = 10_000;

/** A handler that can be given work now. */
export interface LiveHandler {
  key: string;
  description: HandlerDescription;
  instances: number;
  concurrency: number;
}

interface Instance {
  concurrency: number;
  heardMs: number;
}

interface Presence {
  description: HandlerDescription;
  /** The instance that came last says in which version the handler is; older ones are on their way out. */
  newest: string;
  instances: Map<string, Instance>;
  heardMs: number;
}

export interface Greeting {
  description: HandlerDescription;
  instance: string;
  concurrency: number;
  leaving: boolean;
}

/** Who is alive now: in memory only, told by the handlers themselves every few seconds. */
export class LiveHandlers {
  readonly #handlers = new Map<string, Presence>();

  /** Notes that a handler asked; answers whether there are other slots now than before. */
  greet({ description, instance, concurrency, leaving }: Greeting, nowMs: number): boolean {
    const key = handlerKey(description.project, description.handler);
    const known = this.#handlers.get(key);
    const presence = known ?? {
      description,
      newest: instance,
      instances: new Map<string, Instance>(),
      heardMs: nowMs,
    };
    this.#handlers.set(key, presence);
    presence.heardMs = nowMs;
    const before = presence.instances.get(instance);
    if (leaving) return presence.instances.delete(instance);
    if (before === undefined) presence.newest = instance;
    if (presence.newest === instance) presence.description = description;
    presence.instances.set(instance, { concurrency, heardMs: nowMs });
    return before?.concurrency !== concurrency;
  }

  /** The handler that a project means by a name: its own, else the global one. */
  find(project: string, handler: string): LiveHandler | undefined {
    return this.get(handlerKey(project, handler)) ?? this.get(handlerKey(null, handler));
  }

  get(key: string): LiveHandler | undefined {
    const presence = this.#handlers.get(key);
    if (presence === undefined || presence.instances.size === 0) return undefined;
    let concurrency = 0;
    for (const instance of presence.instances.values()) concurrency += instance.concurrency;
    return { key, description: presence.description, instances: presence.instances.size, concurrency };
  }

  keys(): Iterable<string> {
    return this.#handlers.keys();
  }

  /** When a handler last asked; undefined when it did not since this process became active. */
  heardMs(key: string): number | undefined {
    return this.#handlers.get(key)?.heardMs;
  }

  /** Instances that fell silent have no slots any more. */
  expire(nowMs: number): void {
    for (const { instances } of this.#handlers.values()) {
      for (const [name, { heardMs }] of instances) if (nowMs - heardMs > lostAfterMs) instances.delete(name);
    }
  }

  /** After an outage nobody is silent: they could not be heard. */
  hearAll(nowMs: number): void {
    for (const presence of this.#handlers.values()) {
      presence.heardMs = nowMs;
      for (const instance of presence.instances.values()) instance.heardMs = nowMs;
    }
  }
}
