/** Does the text match as a whole? */
export type Fits = (text: string) => boolean;

/** A pattern of LIKE: `%` any characters, `_` one, each escaped by `\`. */
export function compileLike(pattern: string): Fits {
  const pieces = [""];
  for (const [sign] of pattern.matchAll(/\\[%_]|[^]/gu)) {
    if (sign === "%") pieces.push("");
    else pieces.push(`${pieces.pop() ?? ""}${pieceOf(sign)}`);
  }
  return inOrder(pieces);
}

function pieceOf(sign: string): string {
  if (sign === "_") return ".";
  return literal(sign.length > 1 && sign.startsWith("\\") ? sign.slice(1) : sign);
}

/** A glob: `*` any characters. */
export const compileGlob = (glob: string): Fits => inOrder(glob.split("*").map(literal));

const literal = (text: string): string => text.replaceAll(/[\^$\\.*+?()[\]{}|/]/gu, "\\$&");

/**
 * Pieces (sources of regular expressions) with anything between them. Each has a fixed length, so the leftmost place of
 * each is always good enough and nothing is tried twice, however many there are.
 */
function inOrder(pieces: readonly string[]): Fits {
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
