import { Problem } from "@jackfield/problem/problem";
import { createToken, revoke } from "../admin-http-token.ts";
import { adminRebuild } from "../admin-rebuild.ts";
import { adminRestoreStream } from "../admin-restore-stream.ts";
import { adminToken } from "../admin-token.ts";
import { exit } from "../exit.ts";
import { loadLauncher } from "../launcher.ts";
import type { Call, Verb } from "../verb.ts";

export const verb: Verb = {
  name: "admin",
  group: "admin",
  takes: "SUB",
  does: "`service NAME` runs one service, as in a container; `rebuild [READER]` makes its state anew from the log; `restore-stream` puts what the log has of a lost stream back; `token create`, `token revoke ID` make tokens for the HTTP door and take them back; `token [CAP …]` lets a handler into NATS",
  flags: {
    handler: { says: "token: whose it is; --project * for a handler of all projects", value: "NAME" },
    until: { says: "token: it is good until then", value: "T" },
    as: { says: "token create: its name, which stands with all that it decides", value: "NAME" },
    scope: { says: "token create: emit, read, handle, operate, approve, admin", value: "S,S", many: true },
    source: { says: "token create: the prefix of its own sources", value: "PREFIX" },
    check: { says: "rebuild: compare only; live state and log stay as they are" },
    "dry-run": { says: "restore-stream: say how many events, and do nothing" },
    yes: {
      says: "rebuild: the reader's name, to replace its state; restore-stream: how many events",
      value: "READER|N",
    },
  },
  run: async (call) => {
    const [sub = "", ...names] = call.refs;
    const work = subs[sub];
    if (work === undefined)
      throw new Problem("E_USAGE", `admin takes: ${Object.keys(subs).join(", ")}`, {
        next: "jackfield admin service tracker; jackfield admin rebuild --check",
      });
    return work(call, names);
  },
};

const subs: Readonly<Record<string, (call: Call, names: readonly string[]) => Promise<number>>> = {
  service: runService,
  rebuild: adminRebuild,
  "restore-stream": adminRestoreStream,
  token: (call, names) => {
    const [what, ...rest] = names;
    if (what === "create") return createToken(call);
    return what === "revoke" ? revoke(call, rest) : adminToken(call, names);
  },
};

async function runService({ out, environment, signal }: Call, names: readonly string[]): Promise<number> {
  const [name, ...more] = names;
  if (name === undefined || more.length > 0)
    throw new Problem("E_USAGE", "admin service takes one NAME", { next: "jackfield admin service tracker" });
  const { startOne } = await loadLauncher();
  const onWaiting = ({ message, why }: Problem): void => out.say(`waiting: ${message} ${why ?? ""}`);
  const service = await startOne(name, { ...environment }, { onWaiting, signal }).catch((thrown: unknown) => {
    if (!signal.aborted) throw thrown;
    return undefined;
  });
  if (service === undefined) return exit.pass;
  out.say(`${name} is up; Ctrl-C stops`);
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  await service.stop();
  return exit.pass;
}
