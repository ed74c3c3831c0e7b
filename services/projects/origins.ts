import type { Origins } from "@jackfield/spec/project/configuration";

/** Subproject → where its values come from; `*` is the project's own. */
export type ProjectOrigins = Record<string, Origins>;

const shared = "/subprojects/*";

/** Says once what all subprojects share, so that many subprojects still fit into one event. */
export function packOrigins({ "*": own = {}, ...each }: ProjectOrigins): ProjectOrigins {
  const all = Object.values(each);
  const [first = {}] = all;
  const common = Object.entries(first).filter(([path, origin]) =>
    all.every((origins) => origins[path] === origin),
  );
  const isCommon = new Set(common.map(([path]) => path));
  const rest = Object.entries(each).map(
    ([name, origins]) =>
      [name, Object.fromEntries(Object.entries(origins).filter(([path]) => !isCommon.has(path)))] as const,
  );
  return {
    "*": { ...own, ...Object.fromEntries(common.map(([path, origin]) => [`${shared}${path}`, origin])) },
    ...Object.fromEntries(rest.filter(([, origins]) => Object.keys(origins).length > 0)),
  };
}

/** The inverse, for these subprojects. */
export function unpackOrigins(packed: ProjectOrigins, subprojects: readonly string[]): ProjectOrigins {
  const own = Object.entries(packed["*"] ?? {});
  const common = own.flatMap(([path, origin]) =>
    path.startsWith(`${shared}/`) ? [[path.slice(shared.length), origin] as const] : [],
  );
  return {
    "*": Object.fromEntries(own.filter(([path]) => !path.startsWith(`${shared}/`))),
    ...Object.fromEntries(
      subprojects.map((name) => [name, { ...Object.fromEntries(common), ...packed[name] }]),
    ),
  };
}
