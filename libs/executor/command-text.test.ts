import { describe, expect, test } from "vitest";
import { splitCommand } from "./command-line.ts";
import { asksForCsv, checkPlaceholders, fillPlaceholders } from "./placeholders.ts";
import { openSlots } from "./slots.ts";

describe("a command line becomes argv", () => {
  test.each([
    ["node train.mjs", ["node", "train.mjs"]],
    [`node train.mjs --x "a b" --y 'c "d"'`, ["node", "train.mjs", "--x", "a b", "--y", 'c "d"']],
    [`a\\ b "" 'it'"'"'s' "\\$HOME \\n"`, ["a b", "", "it's", "$HOME \\n"]],
    ["  echo $HOME *.csv | rm;  ", ["echo", "$HOME", "*.csv", "|", "rm;"]],
  ])("%s", (line, argv) => {
    expect(splitCommand(line)).toEqual(argv);
  });

  test("an open quote and an empty line are refused", () => {
    expect(() => splitCommand(`node "train.mjs`)).toThrow("not closed");
    expect(() => splitCommand("   ")).toThrow("empty");
  });
});

describe("placeholders", () => {
  const values = {
    inputs: { train: { path: "/in/train.parquet", csv: "/in/train.csv" }, model: { path: "/in/model" } },
    params: { depth: 6, layers: [8, 4], name: "a {seed} b" },
    seed: 7,
    out: "/out",
    task: "seattle-57/train",
  };

  test("are replaced inside arguments; a value is never read again, and {{ is a brace", () => {
    const argv = [
      "--data={in.train.csv}",
      "{in.model}",
      "{params.depth}-{params.rate=0.1}-{params.none=}",
      "{{seed}",
    ];
    expect(fillPlaceholders(argv, values)).toEqual(["--data=/in/train.csv", "/in/model", "6-0.1-", "{seed}"]);
    expect(fillPlaceholders(["{params.layers}", "{params.name}", "{out}/{seed}"], values)).toEqual([
      "[8,4]",
      "a {seed} b",
      "/out/7",
    ]);
    expect(asksForCsv(argv, "train")).toBe(true);
    expect(asksForCsv(argv, "test")).toBe(false);
  });

  test("an unknown one lists what exists and guesses what was meant", () => {
    const fill = (argument: string) => () => fillPlaceholders([argument], values);
    expect(fill("{in.trian}")).toThrow(
      expect.objectContaining({ code: "E_PLACEHOLDER", next: "Did you mean {in.train}?" }),
    );
    const known = "{in.train} {in.train.csv} {in.model} {params.depth} {params.layers} {params.name}";
    const why = `There are ${known} {seed} {out} {task}.`;
    expect(fill("{target}")).toThrow(expect.objectContaining({ why }));
    expect(fill("${HOME}/x")).toThrow("{HOME}");
    expect(fill("{in.model.csv}")).toThrow("stands for nothing");
    expect(() => checkPlaceholders(["{params.trees}"], { inputs: ["train"], params: {} })).toThrow(
      "{params.trees}",
    );
  });
});

test("slots let so many in, the others in turn, and who is aborted leaves the queue", async () => {
  const slots = openSlots(1);
  const order: string[] = [];
  let finish = (): void => undefined;
  const one = slots.run(() => new Promise<void>((resolve) => (finish = resolve)));
  const abort = new AbortController();
  const two = slots.run(() => Promise.resolve(order.push("two")), abort.signal);
  const three = slots.run(() => Promise.resolve(order.push("three")));
  abort.abort();
  await expect(two).rejects.toMatchObject({ code: "E_ABORTED" });
  expect(order).toEqual([]);
  finish();
  await Promise.all([one, three]);
  expect(order).toEqual(["three"]);
  expect(slots.busy).toBe(0);
});
