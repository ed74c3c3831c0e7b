import type { z } from "zod";
import { publication } from "@jackfield/lifecycle/capabilities";
import { Problem } from "@jackfield/problem/problem";
import type { capabilities, publish } from "@jackfield/spec/ask/conductor";
import type { CapabilityEntry } from "@jackfield/spec/event/contract";
import { capabilityFrom } from "@jackfield/spec/event/from-entry";
import { printPosition } from "@jackfield/spec/event/position";
import { parseType } from "@jackfield/spec/event/type";
import types from "@jackfield/spec/types.json" with { type: "json" };
import type { Conductor } from "./conductor.ts";
import { builtIn } from "./desk.ts";
import { say } from "./say.ts";

const subjects = new Set(types.flatMap((type) => parseType(type)?.subject ?? []));

/** Makes a contract one that everybody knows; the answer is given when workflows and doors of the conductor use it. */
export const answerPublish =
  (conductor: Conductor) =>
  ({ dryRun = false, ...asked }: z.output<typeof publish.input>): Promise<z.input<typeof publish.answer>> =>
    conductor.commands(async () => {
      const { name, version } = asked.contract;
      checkSchemas(asked.contract);
      const before = conductor.state.capabilities.get(name)?.entry;
      const ours = { builtIn, subjects };
      const event = await conductor.ask((state) => publication(state, asked, ours, new Date().toISOString()));
      const answer = {
        ...{ name, version, changed: event !== undefined },
        ...(before !== undefined && { previous: before.version }),
      };
      if (event === undefined || dryRun) return answer;
      const position = await say(conductor, event);
      return { ...answer, event: event.id, position: printPosition(position) };
    });

function checkSchemas(contract: CapabilityEntry): void {
  try {
    capabilityFrom(contract);
  } catch (cause) {
    throw new Problem("E_INVALID", `The schemas of ${contract.name} are not understood.`, {
      why: cause instanceof Error ? cause.message : String(cause),
      next: "JSON Schema draft 2020-12 or draft 7, without references to other files and without if, not and dependent schemas",
      cause,
    });
  }
}

/** Every contract in force, by name. */
export const answerCapabilities =
  (conductor: Conductor) => async (): Promise<z.input<typeof capabilities.answer>> => {
    const { catalogue, state } = conductor;
    const known = [...catalogue.keys()].sort().flatMap((name) => {
      const entry = catalogue.get(name);
      if (entry === undefined) return [];
      const { by, since } = state.capabilities.get(name) ?? {};
      const said = { ...(by !== undefined && { by }), ...(since !== undefined && { since }) };
      return [{ ...entry, builtIn: builtIn.has(name), ...said }];
    });
    return { capabilities: known };
  };
