import type { Outcome } from "@jackfield/spec/event/outcome";
import type { Completion } from "@jackfield/spec/project/workflow";
import { expect, test } from "vitest";
import { speakerOf, type Heard } from "./speaker.ts";

const at = (handler: string, outcome?: Outcome, sequence = 1, role: Heard["role"] = "primary"): Heard => ({
  handler,
  role,
  ...(outcome !== undefined && { answered: { outcome, position: { epoch: 1, sequence } } }),
});

/** Who speaks for a step of a, b and c; b is bound. */
function spoken(complete: Completion | undefined, ...attempts: Heard[]): string {
  const handlers = complete === undefined ? {} : { handlers: ["a", "b", "c"], complete };
  const steps = [{ name: "train", capability: "train", needs: [], with: {}, ...handlers }];
  const found = speakerOf("run/train", attempts, { workflow: { steps }, bindings: { train: "b" } });
  return `${found?.outcome ?? "open"} by ${found?.speaker.handler ?? "nobody"}`;
}

test("The newest primary attempt speaks for a task of one handler, whatever a shadow says after it", () => {
  const shadow = at("s", "pass", 9, "shadow");
  expect(spoken(undefined, at("a", "errored"), at("a", "fail", 2), shadow)).toBe("fail by a");
  expect(spoken(undefined, at("a", "errored"), at("a"), shadow)).toBe("open by a");
});

test("Of several handlers those speak that decided, as the conductor heard them", () => {
  expect(spoken({ quorum: 2 }, at("a", "pass", 1), at("b", "fail", 2), at("c"))).toBe("open by c");
  expect(spoken({ quorum: 2 }, at("a", "pass", 1), at("b", "fail", 2), at("c", "pass", 3))).toBe("pass by a");
  // What was told to stop and answered afterwards changes nothing.
  expect(spoken("first", at("a", "aborted", 3), at("b", "errored", 4), at("c", "fail", 2))).toBe("fail by c");
  expect(spoken("all", at("a", "pass", 3), at("b", "warning", 1), at("c", "pass", 2))).toBe("warning by b");
});
