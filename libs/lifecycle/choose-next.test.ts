import { describe, expect, test } from "vitest";
import { chooseNext, Counters, type Candidate, type LimitsOf } from "./choose-next.ts";

const task = (name: string, handler = "h", capability = "train"): Candidate => {
  const [project = "", run = ""] = name.split(" ");
  return { task: name, project, run: `${project} ${run}`, capability, handler, slots: handler };
};
const room = (
  free: Record<string, number>,
  running: Candidate[] = [],
  limits: LimitsOf = () => undefined,
) => {
  const load = new Counters();
  for (const one of running) load.add(one, 1);
  return { free: new Map(Object.entries(free)), load, limits };
};
const names = (chosen: Candidate[]) => chosen.map((candidate) => candidate.task);

describe("free slots", () => {
  test("go to the project with the fewest running tasks, also behind a thousand of another", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => task(`big r1 ${index}`));
    const chosen = chooseNext([...many, task("small r1 a"), task("small r1 b")], room({ h: 4 }));
    expect(names(chosen)).toEqual(["big r1 0", "small r1 a", "big r1 1", "small r1 b"]);
    const busy = room({ h: 1 }, [task("big r1 x"), task("big r1 y")]);
    expect(names(chooseNext([...many, task("small r1 a")], busy))).toEqual(["small r1 a"]);
  });

  test("go within a project to the run with the fewest, within a run to the oldest", () => {
    const ready = [task("p r1 a"), task("p r1 b"), task("p r2 c")];
    expect(names(chooseNext(ready, room({ h: 2 })))).toEqual(["p r1 a", "p r2 c"]);
    const busy = room({ h: 2 }, [task("p r2 x")]);
    expect(names(chooseNext(ready, busy))).toEqual(["p r1 a", "p r1 b"]);
  });

  test("are never more than there are, and a handler without any holds up nobody else", () => {
    const ready = [task("p r1 a", "full"), task("p r1 b", "free"), task("p r1 c", "free")];
    expect(names(chooseNext(ready, room({ full: 0, free: 1 })))).toEqual(["p r1 b"]);
  });

  test("of 8 slow ones beside 20,000 tasks of another project end ten tasks within twice their time alone", () => {
    const ten = Array.from({ length: 10 }, (_, index) => task(`small r1 ${index}`));
    const many = Array.from({ length: 20_000 }, (_, index) => task(`big r1 ${index}`));
    expect(roundsUntil(ten, [], 8)).toBe(2);
    expect(roundsUntil(ten, many, 8)).toBeLessThanOrEqual(4);
  });
});

/** Every slot is free again after each round; in which round were all of `wanted` given out? */
function roundsUntil(wanted: Candidate[], others: Candidate[], slots: number): number {
  // The others were there first.
  let ready = [...others, ...wanted];
  const missing = new Set(wanted);
  for (let round = 1; ; round += 1) {
    const chosen = new Set(chooseNext(ready, room({ h: slots })));
    ready = ready.filter((candidate) => !chosen.has(candidate));
    for (const one of chosen) missing.delete(one);
    if (missing.size === 0) return round;
  }
}

describe("the limits of a project", () => {
  const limits: LimitsOf = (project) =>
    project === "p" ? { running: 3, capabilities: { train: 2 }, handlers: { boost: 1 } } : undefined;

  test("hold for all its runs together, by task, capability and handler", () => {
    const ready = [
      task("p r1 a", "boost"),
      task("p r2 b", "boost"),
      task("p r2 c", "h"),
      task("p r1 d", "h"),
      task("p r1 e", "h", "split"),
      task("p r2 f", "h", "split"),
    ];
    const chosen = names(chooseNext(ready, room({ h: 9, boost: 9 }, [], limits)));
    expect(chosen.sort()).toEqual(["p r1 a", "p r1 e", "p r2 c"]);
  });

  test("count what is at work already, and hold up no other project", () => {
    const running = ["x", "y", "z"].map((name) => task(`p r1 ${name}`, "h", "split"));
    const ready = [task("p r1 a"), task("q r1 b"), task("q r1 c")];
    expect(names(chooseNext(ready, room({ h: 3 }, running, limits)))).toEqual(["q r1 b", "q r1 c"]);
  });
});
