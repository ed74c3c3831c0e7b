import { expect, test } from "vitest";
import { readHistory } from "../checker/history.ts";
import { printVerdict } from "../checker/verdict.ts";
import { FaultWorld } from "./fault-world.ts";
import { Liar } from "./liar.ts";
import { manners } from "./lies.ts";

test.each([
  ["under its rights", { rights: true, lies: 5 }],
  ["where the server checks no rights", { rights: false, lies: 8 }],
])(
  "a handler that lies %s is kept aside or late, and never counted",
  async (_, { rights, lies }) => {
    await using faults = await FaultWorld.begin({ environment: { JACKFIELD_LEASE_SECONDS: "6" } });
    await using liar = await Liar.begin(faults, manners, { rights });
    await faults.world.did("bind", `train=${Liar.name}`);
    await faults.over(await faults.request(manners.length));
    await liar.silent();
    expect(liar.troubles).toEqual([]);
    expect(readHistory(faults.history).filter(({ op }) => op === "lie")).toHaveLength(lies);
    const verdict = await faults.verdict();
    expect(verdict.holds, printVerdict(verdict)).toBe(true);
  },
  60_000,
);
