import type { Origins } from "@jackfield/spec/project/configuration";
import type { Path } from "./source.ts";

/** One value of the long form, and where in the file it was said; without `said` it is a default. */
export interface Piece {
  at: readonly string[];
  value: unknown;
  said?: Path;
}

/** A JSON Pointer (RFC 6901). */
export const pointer = (path: Path): string =>
  path.map((segment) => `/${String(segment).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** Of two pieces for one place the later one stands. */
export function lastOfEach(pieces: readonly Piece[]): Piece[] {
  return [...new Map(pieces.map((piece) => [pointer(piece.at), piece])).values()];
}

/** Each entry of a map as a piece of its own, so that each has its own origin. */
export const entries = (at: readonly string[], map: object | undefined, said: Path): Piece[] =>
  Object.entries(map ?? {}).map(([key, value]: [string, unknown]) => ({
    at: [...at, key],
    value,
    said: [...said, key],
  }));

/** The pieces, or the default when nobody said anything below it. */
export const orDefault = (pieces: Piece[], at: readonly string[], value: unknown): Piece[] =>
  pieces.length > 0 ? pieces : [{ at, value }];

/** Pieces → the value that they make up. */
export function assemble(pieces: readonly Piece[]): Record<string, unknown> {
  const branches = new Map<string, Piece[]>();
  for (const piece of pieces) {
    const [first = "", ...rest] = piece.at;
    branches.set(first, [...(branches.get(first) ?? []), { ...piece, at: rest }]);
  }
  return Object.fromEntries(
    [...branches].map(([key, inner]) => {
      const leaf = inner.find(({ at }) => at.length === 0);
      return [key, leaf === undefined ? assemble(inner) : leaf.value];
    }),
  );
}

/** Pieces → JSON Pointer → `jackfield.yaml:3` or `default`. */
export const originsOf = (pieces: readonly Piece[], line: (path: Path) => string): Origins =>
  Object.fromEntries(
    pieces.map(({ at, said }) => [pointer(at), said === undefined ? "default" : line(said)]),
  );
