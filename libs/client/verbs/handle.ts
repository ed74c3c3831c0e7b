import { randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import { findEnvironment, pathOf, recordEnvironment } from "@jackfield/executor/found-environment";
import { findCommand } from "@jackfield/executor/find-command";
import { Problem } from "@jackfield/problem/problem";
import { digestOfJson } from "@jackfield/spec/event/canonical";
import { capabilityName, scopeName } from "@jackfield/spec/event/names";
import { postWebhook } from "@jackfield/spec/http/webhooks";
import { exit } from "../exit.ts";
import { projectOf } from "../lookup.ts";
import { segment } from "../server.ts";
import type { Call, Verb } from "../verb.ts";

/** The contract version that commands of this release speak. */
const contract = { from: "1.0.0", to: "1.0.0" };

export const verb: Verb = {
  name: "handle",
  group: "work",
  takes: "CAP -- CMD",
  does: "be a handler: a command answers a capability",
  flags: {
    name: { says: "the handler's name, as `bind` takes it", value: "NAME" },
    try: { says: "once, on the sample task, without a server" },
    test: { says: "the conformance suite: does it behave? exit 0 or 5" },
    replay: {
      says: "do a recorded task again, effects off, and tell what came out differently",
      value: "TASK",
    },
    url: { says: "the handler is a webhook there; with --test, CMD starts it", value: "URL" },
    slow: { says: "with --test: ten minutes a task instead of one" },
    concurrency: { says: "so many tasks at once", value: "N" },
  },
  more: [
    "The command is run under the command contract: inputs in {in.train} or JACKFIELD_IN_TRAIN(_CSV), outputs in",
    "{out} or JACKFIELD_OUT (model, predictions.csv, metrics.json), exit 0 pass · 5 fail · 75 retry.",
  ],
  run: async (call) => {
    const [capability, ...more] = call.refs;
    const example = "jackfield handle train --name acme-boost -- python train.py";
    if (capability === undefined || more.length > 0 || !capabilityName.safeParse(capability).success)
      throw new Problem("E_USAGE", "handle takes one capability", { next: example });
    if (call.flags.on("test")) return test(call, capability);
    if (call.flags.text("url") !== undefined) return askByPost(call, capability);
    if (call.rest.length === 0) throw new Problem("E_USAGE", "handle which command?", { next: example });
    const replay = call.flags.text("replay");
    if (replay !== undefined) return again(call, capability, replay);
    return call.flags.on("try") ? tryOnce(call, capability) : handle(call, capability);
  },
};

async function tryOnce(call: Call, capability: string): Promise<number> {
  const { tryCommand } = await import("../handle/try.ts");
  return tryCommand(call, capability);
}

/** From now on the gateway posts its tasks; nothing has to run here. */
async function askByPost(call: Call, capability: string): Promise<number> {
  const name = nameOf(call);
  const { out } = call;
  const server = await call.server();
  const path = `/v1/handlers/${segment(name)}/webhook`;
  const body = {
    url: call.flags.text("url"),
    project: projectOf(call) ?? null,
    contracts: { [capability]: contract },
    ...(call.flags.text("concurrency") !== undefined && { concurrency: concurrencyOf(call) }),
  };
  const answer = await server.post(postWebhook.answer, path, { body });
  out.show(answer, () =>
    [
      `${name} answers ${capability} at ${answer.url}`,
      ...(answer.secret === undefined ? [] : [`secret, told this once: ${answer.secret}`]),
    ].join("\n"),
  );
  out.next(`jackfield bind ${capability}=${name}`);
  return exit.pass;
}

async function test(call: Call, capability: string): Promise<number> {
  if (call.rest.length === 0 && call.flags.text("url") === undefined && call.flags.text("name") === undefined)
    throw new Problem("E_USAGE", "handle --test of what?", {
      next: `a command: -- CMD, a webhook: --url URL, or a program that comes in by itself: --name NAME -- CMD`,
    });
  const { testCommand } = await import("../handle/test-handler.ts");
  return testCommand(call, capability);
}

async function again(call: Call, capability: string, task: string): Promise<number> {
  const { replayTask } = await import("../handle/replay.ts");
  return replayTask(call, capability, task);
}

function nameOf({ flags }: Call): string {
  const name = flags.text("name");
  if (name === undefined)
    throw new Problem("E_USAGE", "handle under which name?", { next: "say it: --name acme-boost" });
  const checked = scopeName.safeParse(name);
  if (checked.success) return name;
  throw new Problem("E_USAGE", `--name ${name} is no name for a handler`, {
    why: checked.error.issues.map(({ message }) => message).join("; "),
  });
}

function concurrencyOf({ flags }: Call): number {
  const said = flags.text("concurrency");
  if (said === undefined) return Math.max(1, availableParallelism() - 1);
  if (/^[1-9]\d{0,2}$/.test(said)) return Number(said);
  throw new Problem("E_USAGE", `--concurrency ${said} is no number from 1 to 999`);
}

async function handle(call: Call, capability: string): Promise<number> {
  const { folder, rest, out, signal } = call;
  const name = nameOf(call);
  const concurrency = concurrencyOf(call);
  const environment = await findEnvironment(folder);
  const path = call.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
  const program = await findCommand(rest[0] ?? "", folder, pathOf(environment, path));
  const recorded = await recordEnvironment(environment, program);
  // What is asked on the way out must still be asked after Ctrl-C.
  const server = await call.server(new AbortController().signal);
  const { pullTasks } = await import("../handle/pull.ts");
  const project = projectOf(call) ?? null;
  await pullTasks({
    name,
    registration: {
      version: await versionOf(folder, rest),
      contracts: { [capability]: contract },
      environment: recorded.digest,
      project,
      instance: randomUUID().slice(0, 8),
      concurrency,
    },
    bench: { server, argv: rest, start: folder, environment, path, leaving: signal },
    out,
    onRegistered: () => {
      out.say(
        `${name} answers ${capability} for ${project ?? "every project"}, ${concurrency} at once; Ctrl-C hands back`,
      );
      out.next(`jackfield bind ${capability}=${name}`);
    },
  });
  return exit.pass;
}

/** 8 characters of the digest of its files and its command line. */
async function versionOf(folder: string, argv: readonly string[]): Promise<string> {
  const { packTree } = await import("@jackfield/executor/code-tree");
  const files = await packTree(folder).catch((thrown: unknown) => {
    // A folder too large to be code, or empty: then the command line is all that is known of it.
    if (thrown instanceof Problem) return undefined;
    throw thrown;
  });
  return digestOfJson([files?.digest ?? null, argv]).slice("sha256:".length, "sha256:".length + 8);
}
