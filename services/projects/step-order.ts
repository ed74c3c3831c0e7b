import type { Step } from "@jackfield/spec/project/workflow";

type Needing = Pick<Step, "name" | "needs">;

/** Steps after what they need, by name where that leaves a choice; steps of a cycle come last. */
export function inOrder<Each extends Needing>(steps: readonly Each[]): Each[] {
  const left = [...steps].sort((a, b) => (a.name < b.name ? -1 : 1));
  const ordered: Each[] = [];
  for (;;) {
    const waits = new Set(left.map(({ name }) => name));
    const next = left.findIndex(({ needs }) => needs.every((need) => !waits.has(need)));
    const [step] = next < 0 ? [] : left.splice(next, 1);
    if (step === undefined) return [...ordered, ...left];
    ordered.push(step);
  }
}

/** The names of a circle of needs, first again at the end; undefined when there is none. */
export function circleIn(steps: readonly Needing[]): string[] | undefined {
  const needsOf = new Map(steps.map(({ name, needs }) => [name, needs]));
  const done = new Set<string>();
  const follow = (name: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const need of needsOf.get(name) ?? []) {
      const circle = follow(need, [...path, name]);
      if (circle !== undefined) return circle;
    }
    done.add(name);
    return undefined;
  };
  for (const { name } of steps) {
    const circle = follow(name, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

/** Every step whose end this one waits for, directly or not. */
export function allNeeds(steps: readonly Needing[], of: Needing): Set<string> {
  const needsOf = new Map(steps.map(({ name, needs }) => [name, needs]));
  const found = new Set<string>();
  const next = [...of.needs];
  for (let name = next.pop(); name !== undefined; name = next.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    next.push(...(needsOf.get(name) ?? []));
  }
  return found;
}
