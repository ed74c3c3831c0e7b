import { Problem } from "@jackfield/problem/problem";
import type { Bound } from "./bindings.ts";
import type { Catalogue } from "./facts.ts";

interface Asked {
  capability: string;
  handler: string | null;
  shadow?: "add" | "remove" | undefined;
}

/**
 * Who shadows a capability after somebody was added or taken away.
 * @throws Problem E_SHADOW_EFFECT, E_STATE, E_USAGE
 */
export function shadowsAfter(
  { capability, handler, shadow }: Asked,
  { handler: decides, shadows }: Bound,
  { catalogue }: { catalogue: Catalogue },
): string[] {
  if (handler === null) throw new Problem("E_USAGE", "A shadow is named by its handler.");
  const listens = shadows.includes(handler);
  if (shadow === "remove") {
    if (listens) return shadows.filter((name) => name !== handler);
    throw new Problem("E_STATE", `${handler} does not shadow ${capability}.`, {
      why: shadows.length === 0 ? "nobody does" : `these do: ${shadows.join(", ")}`,
    });
  }
  if (catalogue.get(capability)?.effects === "external") throw noShadow(capability);
  if (listens) throw new Problem("E_STATE", `${handler} shadows ${capability} already.`);
  if (handler !== decides) return [...shadows, handler];
  throw new Problem("E_STATE", `${handler} answers ${capability} itself, and cannot shadow it as well.`);
}

/** What has an effect outside would have it twice. */
export const noShadow = (capability: string, here?: string): Problem =>
  new Problem("E_SHADOW_EFFECT", `${capability} has effects outside, so nobody can shadow it.`, {
    why: "a shadow does the same work beside its handler, and the effect would happen twice",
    ...(here !== undefined && { here }),
    next: `try it where it does no harm: jackfield bind ${capability}=HANDLER --on PROJECT/SUBPROJECT`,
  });
