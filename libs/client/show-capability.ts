import type { z } from "zod";
import { capabilities, handlers } from "@jackfield/spec/ask/conductor";
import { events } from "@jackfield/spec/ask/tracker";
import { bindingChanged } from "@jackfield/spec/facts/binding";
import { printScope, readBindings, type Override } from "./bindings.ts";
import { exit } from "./exit.ts";
import { projectOf } from "./lookup.ts";
import type { Server } from "./server.ts";
import type { Call } from "./verb.ts";
import { clock, table } from "./words.ts";

type Contract = z.output<typeof capabilities.answer>["capabilities"][number];
type Known = z.output<typeof handlers.answer>["handlers"];

/** One change of who answers, from the log. */
interface Change {
  at: string;
  scope: string;
  handler: string;
  previous: string;
  by: string;
  reason: string;
}

const shownChanges = 20;

export const findCapability = async (server: Server, name: string): Promise<Contract | undefined> =>
  (await server.get(capabilities.answer, "/v1/capabilities")).capabilities.find((one) => one.name === name);

/** Its contract, who can answer it, who does, and who changed that and why. */
export async function showCapability(call: Call, server: Server, contract: Contract): Promise<number> {
  const { name } = contract;
  const project = projectOf(call);
  const [known, bound, changes] = await Promise.all([
    server.get(handlers.answer, "/v1/handlers", { project }),
    readBindings(server, { project }),
    changesOf(server, name),
  ]);
  const able = known.handlers.filter(({ contracts }) => Object.hasOwn(contracts, name));
  const binding = bound.bindings.find(({ capability }) => capability === name);
  const overrides = bound.overrides.filter(({ capability }) => capability === name);
  call.out.show({ ...contract, handlers: able, binding, overrides, changes }, () =>
    [
      `${name} ${contract.version}   ${contract.builtIn ? "built in" : "published"}   effects ${contract.effects}`,
      ...(binding === undefined ? [] : [`answered by ${binding.handler} (${binding.from})`]),
      ...(able.length === 0 ? ["nobody can answer it"] : [handlerTable(name, able)]),
      ...(overrides.length === 0 ? [] : [overrideTable(overrides)]),
      ...(changes.length === 0 ? [] : [changeTable(changes)]),
    ].join("\n\n"),
  );
  return exit.pass;
}

const handlerTable = (name: string, able: Known): string =>
  table(
    ["handler", "version", "speaks", "state"],
    able.map(({ handler, version, contracts, alive }) => [
      handler,
      version,
      rangeOf(contracts[name]),
      alive ? "here" : "silent",
    ]),
  );

/** A contract range in words: `1.0.0`, or `1.0.0–1.2.0`. */
export const rangeOf = (range: { from: string; to: string } | undefined): string =>
  range === undefined ? "" : range.from === range.to ? range.to : `${range.from}–${range.to}`;

const overrideTable = (overrides: readonly Override[]): string =>
  table(
    ["where", "handler", "by", "since", "why"],
    overrides.map((one) => [
      printScope(one),
      one.handler ?? "",
      one.by ?? "",
      one.since === undefined ? "" : clock(one.since),
      one.reason ?? "",
    ]),
  );

async function changesOf(server: Server, capability: string): Promise<Change[]> {
  const query = { filter: `binding.changed subject=${capability}`, order: "newest", limit: shownChanges };
  const page = await server.get(events.answer, "/v1/events", query);
  return page.events.flatMap(({ at, event }) => {
    const { data } = bindingChanged.data.safeParse(event.data);
    if (data === undefined) return [];
    const { organization, project, subproject } = event;
    const [handler, previous] = [data.handler ?? "as the file says", data.previous ?? "as the file says"];
    const scope = printScope({ organization, project, subproject });
    return [{ at, scope, handler, previous, by: data.by ?? "", reason: data.reason ?? "" }];
  });
}

const changeTable = (changes: readonly Change[]): string =>
  table(
    ["changed", "where", "to", "from", "by", "why"],
    changes.map(({ at, scope, handler, previous, by, reason }) => [
      clock(at),
      scope,
      handler,
      previous,
      by,
      reason,
    ]),
  );
