import type { Outcome } from "@jackfield/spec/event/outcome";
import type { Completion } from "@jackfield/spec/project/workflow";
import { describe, expect, test } from "vitest";
import { completed, type Answered } from "./completion.ts";

const names = ["a", "b", "c"];

/** What each of three handlers did, in the order in which they answered: `pass`, `skipped`, or still `triggered`. */
function ends(
  policy: Completion,
  states: (Outcome | "skipped" | "triggered")[],
  order = [0, 1, 2],
  bound = "b",
): string {
  const asks = states.map((state, index) => {
    const handler = names[index] ?? "";
    const position = { epoch: 1, sequence: order.indexOf(index) + 1 };
    if (state === "triggered" || state === "skipped") return { status: state, handler };
    return { status: "done" as const, handler, outcome: state, position };
  });
  const end = completed<Answered>(policy, asks, bound);
  return end === undefined ? "open" : `${end.outcome} by ${end.speaker.handler}`;
}

describe("first", () => {
  test("ends with the first verdict in the stream; who could not run has none", () => {
    expect(ends("first", ["errored", "triggered", "fail"])).toBe("fail by c");
    expect(ends("first", ["pass", "fail", "warning"], [2, 0, 1])).toBe("warning by c");
    expect(ends("first", ["errored", "triggered", "timedout"])).toBe("open");
  });

  test("ends with the worst when nobody could run", () => {
    expect(ends("first", ["timedout", "errored", "skipped"])).toBe("errored by a");
  });
});

describe("all", () => {
  test("waits for everybody and ends with the worst, with the outputs of the bound handler", () => {
    expect(ends("all", ["pass", "fail", "triggered"])).toBe("open");
    expect(ends("all", ["pass", "warning", "pass"])).toBe("warning by b");
  });

  test("takes the outputs of the first in the step when the bound one could not run, or is not asked", () => {
    expect(ends("all", ["pass", "errored", "pass"])).toBe("errored by a");
    expect(ends("all", ["errored", "pass", "pass"], [2, 1, 0], "other")).toBe("errored by b");
  });
});

describe("a quorum", () => {
  test("ends as soon as so many say the same, and takes the outputs of one of them", () => {
    expect(ends({ quorum: 2 }, ["pass", "fail", "triggered"])).toBe("open");
    expect(ends({ quorum: 2 }, ["pass", "triggered", "pass"])).toBe("pass by a");
    expect(ends({ quorum: 2 }, ["pass", "fail", "pass"])).toBe("pass by a");
    expect(ends({ quorum: 2 }, ["errored", "fail", "fail"])).toBe("fail by b");
  });

  test("that cannot be reached any more ends with the worst at once", () => {
    expect(ends({ quorum: 3 }, ["pass", "fail", "triggered"])).toBe("fail by b");
    expect(ends({ quorum: 2 }, ["errored", "timedout", "triggered"])).toBe("errored by a");
    expect(ends({ quorum: 2 }, ["pass", "warning", "fail"])).toBe("fail by b");
  });
});
