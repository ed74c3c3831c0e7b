import { expect, test } from "vitest";
import type { CloudEvent } from "@jackfield/spec/event/envelope";
import { eventType } from "@jackfield/spec/event/type";
import { firstRefusal, matches, parseFilter } from "./filter.ts";

const event: CloudEvent = {
  specversion: "1.0",
  id: "r/train/acme/2/finished",
  source: "/jackfield/handlers/acme",
  type: eventType("train", "finished", "1.0.0"),
  project: "weather",
  subproject: "seattle",
  status: "succeeded",
  result: "fail",
  attempt: 2,
  note: "it's | late",
};

test.each([
  ["", true],
  ["train.*", true],
  ["train.finished outcome=fail", true],
  ["train.* outcome=pass", false],
  ["outcome=pass | subproject=sea*", true],
  ["attempt>1 attempt<3", true],
  ["attempt>2", false],
  ["project!=weather", false],
  ["stage!=live", true],
  ["evaluate.*", false],
  ["subproject='seattle'", true],
  ["dev.cdeventsx.jackfield-train.*", true],
  ["note='it''s | late'", true],
  [`note="it's |*"`, true],
  ["data=1", false],
  [`cesql:'attempt + 1 = 3 AND result IN ("fail", "warning")'`, true],
  [`train.* cesql:"source LIKE '/jackfield/%'" attempt>1`, true],
  [`cesql:'result = ''fail'''`, true],
  [`cesql:"outcome = 'pass'" | cesql:"outcome = 'fail'"`, true],
  [`cesql:'stage = "live" OR TRUE'`, false],
  ["cesql:'attempt'", false],
])("%s → %s", (filter, expected) => {
  expect(matches(parseFilter(filter), event)).toBe(expected);
});

test("a refusal names the first clause that failed", () => {
  expect(firstRefusal(parseFilter("train.* project=oslo attempt>5"), event)).toBe("project=oslo");
  expect(firstRefusal(parseFilter("train.*"), event)).toBeUndefined();
  expect(firstRefusal(parseFilter("train.* cesql:'attempt > 5'"), event)).toBe("cesql:'attempt > 5'");
});

test.each([
  ["project=", 0, "project= has no value"],
  ["train.* | ", 8, "There is nothing on one side of |"],
  ["note='|' |", 9, "There is nothing on one side of |"],
  ["train.* ??", 8, '"??" is no type, and no key=value'],
  ["train.* note='late", 13, "A quote that opens here is not closed"],
  ["cesql:attempt", 0, "cesql: has no expression in quotes"],
  ["train.* cesql:'attempt >'", 24, "The end stands where an operand should"],
  [`cesql:'''a'' & 1'`, 13, "& means nothing here"],
  ["cesql:'a OR b AND c'", 14, "OR beside AND needs parentheses"],
  ["cesql:'NOPE(a)'", 7, "There is no function NOPE of 1 operand"],
])("%s is refused at character %i", (text, position, why) => {
  expect(() => parseFilter(text)).toThrow(
    expect.objectContaining({
      code: "E_FILTER",
      why: `${why}, at character ${position + 1}`,
      here: `${text}\n${" ".repeat(position)}^`,
    }),
  );
});
