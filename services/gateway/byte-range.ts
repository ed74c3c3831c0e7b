import type { ByteRange } from "@jackfield/artifacts/artifacts";
import { EdgeProblem } from "./problem-answer.ts";

/**
 * `Range: bytes=…` (RFC 9110 §14) → bytes `from` up to, not including, `to`. Undefined = the whole: no range, several
 * ranges, or another unit. @throws EdgeProblem 416 when it begins behind the end.
 */
export function rangeOf(header: string | undefined, size: number): Required<ByteRange> | undefined {
  const [, first = "", last = ""] = /^bytes=(\d{0,16})-(\d{0,16})$/.exec(header?.trim() ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size : Math.min(Number(last) + 1, size);
  if (from < to) return { from, to };
  throw new EdgeProblem(416, "E_INVALID", {
    what: `There are no bytes ${header ?? ""} in ${size} bytes.`,
    here: "Range",
  });
}

/** A piece of an upload; `from` is undefined when the sender only asks where the upload stands. */
export interface Piece {
  from: number | undefined;
  /** Size of the whole, undefined when the sender does not know it yet. */
  total: number | undefined;
}

/** `Content-Range: bytes 0-99/5000`, `bytes 0-99/*`, or the question `bytes * /5000` without the space. */
export function pieceOf(header: string | undefined): Piece | undefined {
  if (header === undefined) return undefined;
  const [whole, first, total] = /^bytes (?:(\d{1,16})-\d{1,16}|\*)\/(\d{1,16}|\*)$/.exec(header.trim()) ?? [];
  if (whole === undefined)
    throw new EdgeProblem(400, "E_INVALID", {
      what: `The header Content-Range: ${header} is not understood.`,
      here: "Content-Range",
      next: "Content-Range: bytes 0-99/5000, or bytes */5000 to ask where the upload stands",
    });
  return {
    from: first === undefined ? undefined : Number(first),
    total: total === undefined || total === "*" ? undefined : Number(total),
  };
}
