import { parseJson } from "@jackfield/events/json-text";
import { faultOf } from "./json-limits.ts";
import { EdgeProblem } from "./problem-answer.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Bytes → JSON value, with all digits of long integers. @throws EdgeProblem 400 that names line and column. */
export function parseBody(bytes: Uint8Array): unknown {
  const text = textOf(bytes);
  refuseFault(text);
  try {
    return parseJson(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badJson(why, placeOf(text, why));
  }
}

/** What nobody should have to read is refused before anybody does. @throws EdgeProblem 400 */
export const refuseFaults = (bytes: Uint8Array): void => refuseFault(textOf(bytes));

function refuseFault(text: string): void {
  const fault = faultOf(text);
  if (fault !== undefined) throw badJson(fault.why, lineAndColumn(text, fault.at));
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw badJson("the bytes are no UTF-8");
  }
}

const badJson = (why: string, here?: string): EdgeProblem =>
  new EdgeProblem(400, "E_INVALID", {
    what: "The body is no JSON.",
    why,
    ...(here !== undefined && { here }),
  });

/** The parsers say `at position 12`; where they say nothing, the text ended too early. */
function placeOf(text: string, why: string): string {
  return lineAndColumn(text, Math.min(Number(/position (\d+)/.exec(why)?.[1] ?? text.length), text.length));
}

function lineAndColumn(text: string, at: number): string {
  const before = text.slice(0, at).split("\n");
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
