import { expect, test } from "vitest";
import { createOutput, type Output } from "./output.ts";
import { printable } from "./printable.ts";
import { table } from "./words.ts";

/** OSC 52 writes the clipboard, CSI in C1 moves about, CR overwrites the line, bidi marks turn text around. */
const attack = "a\u001b]52;c;aGk=\u0007b\u009b2Kc\rd\u202ee\u2066f\u200fg\u0000h\u007fi\u2028j\ud800";
const shown =
  "a\\u001b]52;c;aGk=\\u0007b\\u009b2Kc\\u000dd\\u202ee\\u2066f\\u200fg\\u0000h\\u007fi\\u2028j\\ud800";

function terminal(json?: readonly string[]): { out: Output; said: string[] } {
  const said: string[] = [];
  const stream = {
    isTTY: true,
    write: (text: string | Uint8Array) => said.push(Buffer.from(text).toString()),
  };
  return { out: createOutput({ stdout: stream, stderr: stream, json, noColour: false }), said };
}

test("text of others is shown and not obeyed, whatever door of the output it goes through", () => {
  expect(printable(attack)).toBe(shown);
  const { out, said } = terminal();
  out.show({}, () => attack);
  out.say(attack);
  out.next(attack);
  out.say(out.paint("bad", attack));
  expect(said).toEqual([`${shown}\n`, `${shown}\n`, `next: ${shown}\n`, `\u001b[31m${shown}\u001b[0m\n`]);
});

test("what is escaped in JSON means the same", () => {
  const { out, said } = terminal([]);
  out.show({ attack }, () => "");
  expect(said[0]).not.toMatch(/[^\n -~]/);
  expect(JSON.parse(said[0] ?? "")).toEqual({ attack });
});

test("what a program wrote keeps its colours and loses its power, also where a piece ends within a sign", () => {
  const { out, said } = terminal();
  const bytes = Buffer.from("\u001b[32m✓\u001b[0m 10%\r20%\r\n\u001b]52;c;x\u0007");
  out.raw(bytes.subarray(0, 6));
  out.raw(bytes.subarray(6));
  expect(said.join("")).toBe("\u001b[32m✓\u001b[0m 10%\n20%\n\\u001b]52;c;x\\u0007");
});

test("a cell cannot begin a row", () => {
  expect(table(["id", "of"], [["a\nforged  row", "b"]]).split("\n")).toHaveLength(2);
});
