/** Keeps the named fields of an object, `a` or `a.b`; no names keep everything. A list is picked from item by item. */
export function pick(value: unknown, fields: readonly string[]): unknown {
  if (fields.length === 0) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => pick(item, fields));
  return Object.fromEntries(
    fields.flatMap((field) => {
      const found = at(value, field.split("."));
      return found === undefined ? [] : [[field, found]];
    }),
  );
}

/** What lies at a path, or undefined. */
export const at = (value: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (inside, key) =>
      typeof inside === "object" && inside !== null && Object.hasOwn(inside, key)
        ? new Map(Object.entries(inside)).get(String(key))
        : undefined,
    value,
  );
