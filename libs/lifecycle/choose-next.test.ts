import { describe, expect, test } from "vitest";
import { chooseNext, type Candidate } from "./choose-next.ts";

const idle = { byProject: new Map<string, number>(), byRun: new Map<string, number>() };
const task = (name: string, handler = "h"): Candidate => {
  const [project = "", run = ""] = name.split(" ");
  return { task: name, project, run: `${project} ${run}`, handler };
};
const names = (chosen: Candidate[]) => chosen.map((candidate) => candidate.task);

describe("free slots", () => {
  test("go to the project with the fewest running tasks, also behind a thousand of another", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => task(`big r1 ${index}`));
    const chosen = chooseNext([...many, task("small r1 a"), task("small r1 b")], new Map([["h", 4]]), idle);
    expect(names(chosen)).toEqual(["big r1 0", "small r1 a", "big r1 1", "small r1 b"]);
    const busy = { ...idle, byProject: new Map([["big", 2]]) };
    expect(names(chooseNext([...many, task("small r1 a")], new Map([["h", 1]]), busy))).toEqual([
      "small r1 a",
    ]);
  });

  test("go within a project to the run with the fewest, within a run to the oldest", () => {
    const ready = [task("p r1 a"), task("p r1 b"), task("p r2 c")];
    expect(names(chooseNext(ready, new Map([["h", 2]]), idle))).toEqual(["p r1 a", "p r2 c"]);
    const busy = { ...idle, byRun: new Map([["p r2", 5]]) };
    expect(names(chooseNext(ready, new Map([["h", 2]]), busy))).toEqual(["p r1 a", "p r1 b"]);
  });

  test("are never more than there are, and a handler without any holds up nobody else", () => {
    const ready = [task("p r1 a", "full"), task("p r1 b", "free"), task("p r1 c", "free")];
    const free = new Map([
      ["full", 0],
      ["free", 1],
    ]);
    expect(names(chooseNext(ready, free, idle))).toEqual(["p r1 b"]);
  });
});
