import { SaxesParser } from "saxes";
import { expect, test } from "vitest";
import { Problem } from "@jackfield/problem/problem";
import { brokenTree, evilText, mixedReport } from "../fixture/tree.ts";
import { junitOf } from "./junit.ts";
import { summaryOf } from "./summary.ts";

/** Every element with its attributes, in order; throws where it is not well-formed XML 1.0. */
function elementsOf(xml: string): { name: string; attributes: Record<string, string>; text: string }[] {
  const found: ReturnType<typeof elementsOf> = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => found.push({ name, attributes, text: "" }));
  parser.on("text", (text) => {
    const last = found.at(-1);
    if (last !== undefined) last.text += text;
  });
  parser.write(xml).close();
  return found;
}

test("JUnit: a suite a run, a case a task and an objective of the gate, well-formed whatever was said", () => {
  const elements = elementsOf(junitOf(mixedReport({ problems: [new Problem("E_NO_LISTENER", evilText)] })));
  const of = (wanted: string) => elements.filter(({ name }) => name === wanted);
  expect(of("testsuites").map(({ attributes }) => attributes)).toMatchObject([
    { name: "jackfield weather", tests: "7", failures: "0", errors: "2", skipped: "0" },
  ]);
  expect(of("testsuite").map(({ attributes: { name, tests } }) => `${name ?? ""} ${tests ?? ""}`)).toEqual([
    "weather/seattle seattle-1 4",
    "weather/seattle seattle-2 2",
    "weather com.example.pushed 1",
  ]);
  expect(of("testcase").map(({ attributes }) => attributes)).toContainEqual({
    name: "gate accuracy >= 0.80",
    classname: "weather.seattle.gate",
    time: "0.000",
  });
  const [error] = of("error");
  expect(error?.attributes).toEqual({
    type: "E_EXIT",
    message: evilText.replace("\r", "").replace("\u001b", "\ufffd").replace("\u0007", "\ufffd"),
  });
  expect(error?.text).toContain("]]>&amp;");
});

test("a summary shows what others wrote and renders none of it, and stays below what a comment may hold", () => {
  const told = summaryOf(mixedReport({ left: ["x"] }));
  expect(told).toMatch(/^### ❌ could not run: <code>weather<\/code>\n/);
  expect(told).toContain("1 of 2 runs passed, 1 run still going on");
  for (const bad of ["<img", "@ana", "**", "](", "<!--", "\u001b", "`a`"]) expect(told).not.toContain(bad);
  expect(told.match(/<\/?[a-z]+>/g)?.every((tag) => /^<\/?(code|pre|details|summary)>$/.test(tag))).toBe(
    true,
  );
  const many = Array.from({ length: 900 }, (_, n) => brokenTree(`seattle-${n}`));
  const long = summaryOf(mixedReport({ trees: many }));
  expect([long.length < 65_536, long]).toEqual([true, expect.stringMatching(/… and \d+ more sections/)]);
});
