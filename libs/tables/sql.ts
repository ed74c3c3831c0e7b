/** A name of a column or table, quoted so that nothing in it is read as SQL. */
export const name = (raw: string): string => `"${raw.replaceAll('"', '""')}"`;

/** A text, quoted so that nothing in it is read as SQL. */
export const text = (raw: string): string => `'${raw.replaceAll("'", "''")}'`;

export const list = (parts: readonly string[]): string => parts.join(", ");
