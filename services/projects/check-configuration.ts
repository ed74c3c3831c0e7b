import { splitCommand } from "@jackfield/executor/command-line";
import { checkPlaceholders } from "@jackfield/executor/placeholders";
import { parseGate, requireMetric } from "@jackfield/learning/gate";
import { nearestNames } from "@jackfield/problem/nearest";
import { Problem } from "@jackfield/problem/problem";
import type { Configuration } from "@jackfield/spec/project/configuration";
import { lifecycleCapabilities } from "./defaults.ts";

/** Long-form path → `jackfield.yaml:7:12`, or undefined for a default. */
export type PlaceOf = (at: readonly string[]) => string | undefined;

/** What the schema cannot see: conditions, metric names, placeholders, parameters whose variables collide. */
export function checkConfiguration(form: Configuration, placeOf: PlaceOf): void {
  for (const [metric, condition] of Object.entries(form.gate))
    located(placeOf(["gate", metric]), () => parseGate({ [metric]: condition }));
  for (const metric of form.evaluate.metrics ?? [])
    located(placeOf(["evaluate", "metrics"]), () => requireMetric(metric, "evaluate.metrics"));
  checkAttempts(form, placeOf);
  checkParameterNames(form, placeOf);
  const { command, params } = form.train;
  if (command === undefined) return;
  located(placeOf(["train", "command"]), () =>
    checkPlaceholders(splitCommand(command), { inputs: ["train", "test"], params }),
  );
}

function checkAttempts({ attempts }: Configuration, placeOf: PlaceOf): void {
  const unknown = Object.keys(attempts).find((capability) => !lifecycleCapabilities.includes(capability));
  if (unknown === undefined) return;
  const near = nearestNames(unknown, lifecycleCapabilities);
  throw new Problem("E_YAML", `attempts.${unknown}: the lifecycle has no step of that capability`, {
    here: placeOf(["attempts", unknown]) ?? "attempts",
    why: `it has ${lifecycleCapabilities.join(", ")}`,
    ...(near.length > 0 && { next: `did you mean ${near.join(" or ")}?` }),
  });
}

/** A command reads `JACKFIELD_PARAM_<NAME>`, upper case, other characters `_`: two names may come to the same. */
function checkParameterNames({ train }: Configuration, placeOf: PlaceOf): void {
  const seen = new Map<string, string>();
  for (const name of Object.keys(train.params)) {
    const variable = `JACKFIELD_PARAM_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
    const other = seen.get(variable);
    if (other !== undefined)
      throw new Problem("E_YAML", `The parameters ${other} and ${name} would share one variable`, {
        here: placeOf(["train", "params", name]) ?? "params",
        why: `a command finds both as ${variable}`,
        next: "rename one of the two",
      });
    seen.set(variable, name);
  }
}

/** A problem that a library names gets the place in the file. */
function located(here: string | undefined, check: () => unknown): void {
  try {
    check();
  } catch (thrown) {
    if (!(thrown instanceof Problem) || here === undefined) throw thrown;
    throw new Problem(thrown.code, thrown.message, {
      here,
      ...(thrown.why !== undefined && { why: thrown.why }),
      ...(thrown.next !== undefined && { next: thrown.next }),
      cause: thrown,
    });
  }
}
