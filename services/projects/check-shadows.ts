import { noShadow } from "@jackfield/lifecycle/change-shadows";
import { Problem } from "@jackfield/problem/problem";
import type { AppliedProject } from "@jackfield/spec/project/configuration";
import type { Source } from "./source.ts";

/** @throws Problem E_SHADOW_EFFECT, or E_YAML for one that would shadow itself, with the place in the file. */
export function checkShadows(
  bind: AppliedProject["bind"],
  effectsOf: (capability: string) => string,
  source: Pick<Source, "place">,
): void {
  for (const [capability, { to, shadows }] of Object.entries(bind)) {
    const here = (): string => source.place(["bind", capability, "shadows"]);
    if (shadows.length > 0 && effectsOf(capability) === "external") throw noShadow(capability, here());
    if (to !== undefined && shadows.includes(to))
      throw new Problem("E_YAML", `${to} answers ${capability} itself, and cannot shadow it as well`, {
        here: here(),
        next: `take ${to} out of bind.${capability}.shadows`,
      });
  }
}
