/**
 * Three no-op tasks in a row as a service of Restate: each is a durable call of its own.
 *
 * node restate-chain.mjs <where the SDK lies>. Says its port.
 */

/** What is used of the SDK here; it is not installed when this is compiled. */
export interface Context {
  serviceClient(service: unknown): { run(input: Note): Promise<Note> };
}
interface Note {
  note: string;
}
interface Sdk {
  service(definition: {
    name: string;
    handlers: { run(context: Context, input: Note): Promise<Note> };
  }): unknown;
  serve(options: { services: unknown[]; port: number }): Promise<number>;
}

// Node 20 lacks it, and the SDK needs it.
const promises = Promise as { withResolvers?: unknown };
promises.withResolvers ??= () => {
  let settle = {};
  const promise = new Promise((resolve, reject) => (settle = { resolve, reject }));
  return { promise, ...settle };
};

const [place = ""] = process.argv.slice(2);
const { service, serve } = (await import(place)) as Sdk;
const noop = service({ name: "noop", handlers: { run: async (_, { note }) => ({ note: `${note}.` }) } });
const chain = service({
  name: "chain",
  handlers: {
    run: async (context, given) => {
      const tasks = context.serviceClient(noop);
      return tasks.run(await tasks.run(await tasks.run(given)));
    },
  },
});
process.send?.(await serve({ services: [noop, chain], port: 0 }));
