/**
 * A pattern of LIKE (`%` any characters, `_` one, each escaped by `\`) → does a text match it as a whole?
 * Between two `%` stands a piece of fixed length, and the leftmost place of each piece is always good enough; so nothing
 * is tried twice, however many `%` there are.
 */
export function compileLike(pattern: string): (text: string) => boolean {
  const pieces = piecesOf(pattern);
  const searches = pieces.map((piece, index) => {
    const end = index === pieces.length - 1 ? "$" : "";
    return new RegExp(`${piece}${end}`, index === 0 ? "suy" : "sug");
  });
  return (text) => {
    let at = 0;
    for (const search of searches) {
      search.lastIndex = at;
      if (!search.test(text)) return false;
      at = search.lastIndex;
    }
    return true;
  };
}

/** What stands between the `%`, as sources of regular expressions. */
function piecesOf(pattern: string): string[] {
  const pieces = [""];
  for (const [sign] of pattern.matchAll(/\\[%_]|[^]/gu)) {
    if (sign === "%") pieces.push("");
    else pieces.push(`${pieces.pop() ?? ""}${sign === "_" ? "." : literal(sign)}`);
  }
  return pieces;
}

const literal = (sign: string): string =>
  sign === "\\%" || sign === "\\_" ? sign.slice(1) : sign.replace(/[\^$\\.*+?()[\]{}|/]/u, "\\$&");
