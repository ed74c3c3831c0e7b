import { describe, expect, test } from "vitest";
import { printProblem } from "@jackfield/problem/print";
import { Problem, reportOf } from "@jackfield/problem/problem";
import { longForm, type LongForm } from "./long-form.ts";
import { readProjectFile } from "./project-file.ts";

const known = new Map(["fetch", "split", "train", "evaluate", "noop"].map((name) => [name, "none"]));
const form = (text: string): LongForm =>
  longForm(readProjectFile(`project: weather\n${text}`, "jackfield.yaml"), known);
const lifecycle = (text: string) => form(text).applied.workflows["lifecycle"];

function refusal(text: string): string {
  try {
    form(text);
  } catch (thrown) {
    if (thrown instanceof Problem) return printProblem(reportOf(thrown));
    throw thrown;
  }
  return "accepted";
}

describe("A workflow of its own", () => {
  test("needs no data, says what differs, and has its steps in one order however they were written", () => {
    const chain =
      "workflow:\n  c: { capability: noop, needs: [b], with: { x: /b/y } }\n  b: { capability: noop, needs: noop }\n  noop:\n";
    const other =
      "workflow:\n  noop:\n  b: { needs: [noop], capability: noop }\n  c: { with: { x: /b/y }, capability: noop, needs: b }\n";
    expect(lifecycle(chain)).toEqual({
      on: ["code", "data"],
      steps: [
        { name: "noop", capability: "noop", needs: [], with: {} },
        { name: "b", capability: "noop", needs: ["noop"], with: {} },
        { name: "c", capability: "noop", needs: ["b"], with: { x: "/b/y" } },
      ],
    });
    expect(form(other).applied).toEqual(form(chain).applied);
    expect(form(chain).applied.subprojects["weather"]).toMatchObject({ attempts: { noop: 3 } });
    expect(form(chain).origins["*"]).toMatchObject({ "/workflows/lifecycle/steps/c": "jackfield.yaml:3" });
  });

  test("gives a step that is called like one of the lifecycle the inputs of that one", () => {
    const text =
      "fetch: rows.csv\ntarget: weather\nworkflow:\n  fetch:\n  split: { needs: [fetch], onFail: continue }\n";
    expect(lifecycle(text)?.steps.map((step) => step.with)).toMatchObject([
      { source: "/configuration/fetch" },
      { dataset: "/fetch/dataset" },
    ]);
  });

  test("may repeat a step, ask several handlers, and stand beside others", () => {
    const text = `workflow:
  noop: { foreach: 3 }
  each: { capability: noop, needs: noop, foreach: { in: /noop/outputs, limit: 2 }, with: { at: /item/index } }
  vote: { capability: noop, needs: each, when: "result = 'fail'", handlers: [a, b], complete: { quorum: 2 } }
workflows:
  nightly: { steps: { noop: noop } }
  after: { on: ["run.finished workflow=nightly outcome=pass"], steps: { noop: } }
bind: { noop: { to: a, shadows: [b] } }
limits: { running: 20, handlers: { a: 1 } }
`;
    const { workflows, bind, limits } = form(text).applied;
    expect(workflows["lifecycle"]?.steps.map(({ foreach }) => foreach)).toEqual([
      { in: 3 },
      { in: "/noop/outputs", limit: 2 },
      undefined,
    ]);
    expect(workflows["after"]?.on).toEqual(["run.finished workflow=nightly outcome=pass"]);
    expect(workflows["nightly"]?.on).toEqual([]);
    expect(bind).toEqual({ noop: { to: "a", shadows: ["b"] } });
    expect(limits).toEqual({ running: 20, handlers: { a: 1 } });
  });
});

test("A workflow that cannot go through is refused with its place and the way out", () => {
  const refused = [
    "workflow: { noop: { needs: [nop] } }",
    "workflow: { a: { capability: noop, needs: b }, b: { capability: noop, needs: c }, c: { capability: noop, needs: a } }",
    "workflow: { noop: , b: { capability: noop, with: { x: /noop/y } } }",
    "workflow: { noop: , b: { capability: noop, with: { x: /nope } } }",
    "workflow: { noop: { with: { x: /item } } }",
    "workflow: { noop: { with: { x: seven } } }",
    "workflow: { run: noop }",
    "workflow: { step-1: }",
    "workflow: { noop: foreach }",
    "workflow: { nop: }",
    "workflow: { noop: { when: \"result = 'pass'\" } }",
    'workflow: { noop: , b: { capability: noop, needs: noop, when: "result = " } }',
    'workflow: { noop: , b: { capability: noop, needs: noop, when: "NEAR(result)" } }',
    "workflow: { noop: { handlers: [a, a] } }",
    "workflow: { noop: { complete: all } }",
    "workflow: { noop: { handlers: [a, b], complete: { quorum: 3 } } }",
    "workflow: { noop: { needs: [], need: [] } }",
    "workflow: { noop: { foreach: 10000001 } }",
    "workflow: { split: , fetch: }",
    "workflow: {}",
    "workflow: { noop: }\nworkflows: { task: { steps: { noop: } } }",
    "workflow: { noop: }\non: [everything]",
    "workflow: { noop: }\non: ['run.finished outcome=pass | x=1']",
    "workflow: { noop: }\non: ['0 3 * * 1 Europe/Berlin']",
    "workflow: { noop: }\nattempts: { train: 2 }",
  ];
  expect(refused.map((text) => `# ${text}\n${refusal(text)}`).join("\n\n")).toMatchSnapshot();
});
