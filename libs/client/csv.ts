/** Cells of a CSV text, line by line. @see RFC 4180 */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/gy;
  const content = text.replace(/^\uFEFF/, "");
  while (cell.lastIndex < content.length) {
    const match = cell.exec(content);
    if (match === null) throw new SyntaxError(`line ${rows.length + 1} is no CSV`);
    const [, quoted, plain = "", end] = match;
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ",") {
      // A comma at the very end has an empty cell behind it.
      if (cell.lastIndex < content.length) continue;
      row.push("");
    }
    rows.push(row);
    row = [];
  }
  return rows.filter((cells) => cells.length > 1 || cells[0] !== "");
}

/** Rows as objects by the names of the first line. @throws SyntaxError naming the line whose length is wrong. */
export function csvRows(text: string): Record<string, string>[] {
  const [head = [], ...lines] = parseCsv(text);
  return lines.map((cells, index) => {
    if (cells.length !== head.length)
      throw new SyntaxError(`line ${index + 2} has ${cells.length} cells, the head has ${head.length}`);
    return Object.fromEntries(head.map((name, place) => [name, cells[place] ?? ""]));
  });
}

/** Rows → CSV; a missing value is an empty cell, an empty text a quoted one. */
export function printCsv(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `${cells.join(",")}\n`;
  return [names.map(csvCell), ...rows].map(line).join("");
}

export const csvCell = (text: string): string =>
  text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
