import { splitCommand } from "@jackfield/executor/command-line";
import { parameterVariables } from "@jackfield/executor/contract";
import { checkPlaceholders } from "@jackfield/executor/placeholders";
import { parseGate, requireMetric } from "@jackfield/learning/condition";
import { metricNames, type MetricName } from "@jackfield/learning/metric-names";
import { nearestNames } from "@jackfield/problem/nearest";
import { Problem } from "@jackfield/problem/problem";
import type { Configuration } from "@jackfield/spec/project/configuration";

/** Long-form path → `jackfield.yaml:7:12`, or undefined for a default. */
export type PlaceOf = (at: readonly string[]) => string | undefined;

/** What the schema cannot see: conditions, metric names, placeholders, parameters whose variables collide. */
export function checkConfiguration(
  form: Configuration,
  capabilities: readonly string[],
  placeOf: PlaceOf,
): void {
  checkGate(form, placeOf);
  for (const metric of form.evaluate.metrics ?? [])
    located(placeOf(["evaluate", "metrics"]), () =>
      requireQuery(requireMetric(metric, "evaluate.metrics"), form.evaluate),
    );
  checkAttempts(form, capabilities, placeOf);
  checkParameterNames(form, placeOf);
  const { command, params } = form.train;
  if (command === undefined) return;
  located(placeOf(["train", "command"]), () =>
    checkPlaceholders(splitCommand(command), { inputs: ["train", "test"], params }),
  );
}

/** Whether a weight means something depends on the score, which is judged beside each condition. */
function checkGate({ gate, evaluate }: Configuration, placeOf: PlaceOf): void {
  const { score } = gate;
  for (const [metric, condition] of Object.entries(gate))
    located(placeOf(["gate", metric]), () => {
      const { conditions } = parseGate({ [metric]: condition, ...(score !== undefined && { score }) });
      for (const { metric: name, slices } of conditions) {
        requireQuery(name, evaluate);
        if (slices !== undefined) requireSlice(slices, metric, evaluate);
      }
    });
}

/** Rows are ranked within a query, and nothing but the project knows what one is. */
function requireQuery(metric: MetricName, { query }: Configuration["evaluate"]): void {
  if (metricNames[metric].family !== "ranking" || query !== undefined) return;
  throw new Problem("E_INVALID", `${metric} ranks the rows of a query, and no column tells queries apart`, {
    next: "name it: evaluate: { query: COLUMN }",
  });
}

function requireSlice(slices: string, metric: string, evaluate: Configuration["evaluate"]): void {
  const names = evaluate.slices.map(({ name }) => name);
  if (names.includes(slices)) return;
  throw new Problem("E_INVALID", `gate.${metric} asks for slices by ${slices}, and there are none`, {
    here: `gate.${metric}`,
    why: names.length === 0 ? "evaluate has no slices" : `evaluate has slices by ${names.join(", ")}`,
    next: `add them: evaluate: { slices: [{ name: ${slices}, column: COLUMN, by: value }] }`,
  });
}

function checkAttempts({ attempts }: Configuration, capabilities: readonly string[], placeOf: PlaceOf): void {
  const unknown = Object.keys(attempts).find((capability) => !capabilities.includes(capability));
  if (unknown === undefined) return;
  const near = nearestNames(unknown, capabilities);
  throw new Problem("E_YAML", `attempts.${unknown}: no workflow has a step of that capability`, {
    here: placeOf(["attempts", unknown]) ?? "attempts",
    why: `there are ${capabilities.join(", ")}`,
    ...(near.length > 0 && { next: `did you mean ${near.join(" or ")}?` }),
  });
}

/** Two parameters that a command would find under one variable. */
function checkParameterNames({ train }: Configuration, placeOf: PlaceOf): void {
  const params = Object.entries(train.params);
  for (const [index, [name]] of params.entries())
    located(placeOf(["train", "params", name]), () =>
      parameterVariables(Object.fromEntries(params.slice(0, index + 1))),
    );
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
