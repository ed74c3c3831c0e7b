import { parseArgs } from "node:util";
import { inWords } from "@jackfield/lifecycle/story";
import { brokenRules } from "./faults.ts";
import { commandFor } from "./many-seeds.ts";
import { World } from "./world.ts";

/** tsx test/simulation/run.ts --seed N [--count N] [--break RULE] [--log]: one seed, or those from N on. */
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "1" },
    break: { type: "string" },
    log: { type: "boolean", default: false },
  },
});
const broken = brokenRules.find((rule) => rule === values.break);
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const [first, count] = [Number(values.seed), Number(values.count)];
let failed = 0;
let events = 0;
const cpu = process.cpuUsage();
for (let seed = first; seed < first + count; seed += 1) {
  const world = new World(seed, broken).run();
  events += world.stream.end;
  if (values.log) {
    say(JSON.stringify(world.drawn));
    for (const { entry, sequence, storedMs } of world.stream.messages)
      say(
        `${sequence} ${storedMs.toFixed(0)} ${entry.event === undefined ? entry.refused.reason : `${inWords(entry.event)} ${entry.event.id}`}`,
      );
  }
  if (world.truth.wrongs.length === 0) continue;
  failed += 1;
  say(`✗ seed ${seed}: ${commandFor(seed, broken)}`);
  for (const wrong of world.truth.wrongs) say(`    ${wrong}`);
}
const { user, system } = process.cpuUsage(cpu);
say(`${count} seeds, ${events} events, ${failed} failed, ${((user + system) / 1e6).toFixed(1)} s of CPU`);
process.exitCode = failed === 0 ? 0 : 1;
