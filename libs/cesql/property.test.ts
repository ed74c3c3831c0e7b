import { expect, test } from "vitest";
import { evaluateCesql } from "./compile.ts";
import { CesqlError } from "./errors.ts";
import { parseCesql } from "./parse.ts";

// mulberry32: the same expressions in every run.
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Random = ReturnType<typeof randomOf>;
const pick = <Item>(random: Random, items: readonly Item[]): Item => items[random(items.length)]!;

const leaves = ["1", "-7", "+3", "2147483647", "'a'", `"5"`, "'%_'", "TRUE", "false", "hop", "absent"];
const binary: [string, number][] = [
  ...["*", "/", "%"].map((sign): [string, number] => [sign, 4]),
  ...["+", "-"].map((sign): [string, number] => [sign, 3]),
  ...["=", "!=", "<>", "<", "<=", ">", ">="].map((sign): [string, number] => [sign, 2]),
  ...["AND", "or", "Xor"].map((sign): [string, number] => [sign, 1]),
];

/** Twice the same expression: with every parenthesis, and with only those that precedence does not spare. */
interface Written {
  full: string;
  short: string;
  level: number;
}

const atom = (text: string): Written => ({ full: text, short: text, level: 9 });
const shortFor = ({ short, level }: Written, least: number): string => (level < least ? `(${short})` : short);

function written(random: Random, depth: number): Written {
  if (depth === 0) return atom(pick(random, leaves));
  const left = written(random, depth - 1);
  const right = written(random, random(depth));
  const space = pick(random, [" ", "\n", "  "]);
  switch (random(6)) {
    case 0: {
      const sign = pick(random, ["NOT", "-"]);
      return { full: `(${sign} (${left.full}))`, short: `${sign} ${shortFor(left, 7)}`, level: 7 };
    }
    case 1: {
      const tail = `${pick(random, ["LIKE", "not like"])} '%5'`;
      return { full: `((${left.full}) ${tail})`, short: `${shortFor(left, 6)}${space}${tail}`, level: 6 };
    }
    case 2: {
      const tail = `${pick(random, ["IN", "NOT IN"])} (${right.short}, 5)`;
      return { full: `((${left.full}) ${tail})`, short: `${shortFor(left, 5)}${space}${tail}`, level: 5 };
    }
    case 3: {
      const name = pick(random, ["CONCAT", "left", "Substring", "INT", "nope"]);
      return atom(`${name}(${left.short},${space}${right.short})`);
    }
    default: {
      const [sign, level] = pick(random, binary);
      return {
        full: `((${left.full}) ${sign} (${right.full}))`,
        short: `${shortFor(left, level)}${space}${sign} ${shortFor(right, level + 1)}`,
        level,
      };
    }
  }
}

test("an expression means the same with all its parentheses and with the fewest", () => {
  const random = randomOf(4);
  const expressions = Array.from({ length: 3_000 }, () => written(random, 1 + random(4)));
  expect(expressions.filter(({ full, short }) => meaning(full) !== meaning(short))).toEqual([]);
});

/** Value and errors; positions are those of the text. */
function meaning(text: string): string {
  const { value, errors } = evaluateCesql(parseCesql(text), { hop: "5" });
  return JSON.stringify([value, errors.map(({ kind, message }) => `${kind} ${message}`)]);
}

test("any text is an expression or is refused at one of its characters", () => {
  const random = randomOf(11);
  const signs = Array.from("aZ09 ()'\",.\\%_-+*/<>=!\n💡é");
  const pieces = [...signs, "NOT ", " LIKE ", " IN (", "EXISTS ", " and ", "LOWER("];
  const texts = Array.from({ length: 20_000 }, () =>
    Array.from({ length: 1 + random(8) }, () => pick(random, pieces)).join(""),
  );
  const refused = texts.map((text) => refusalOf(text));
  expect(refused.filter((position) => position === undefined).length).toBeGreaterThan(500);
  expect(
    texts.filter((text, index) => !((refused[index] ?? 0) >= 0 && (refused[index] ?? 0) <= text.length)),
  ).toEqual([]);
});

function refusalOf(text: string): number | undefined {
  try {
    evaluateCesql(parseCesql(text), { a: "1" });
    return undefined;
  } catch (error) {
    if (error instanceof CesqlError) return error.position;
    throw error;
  }
}

test("a pattern with many % is as fast as one with few", () => {
  const pattern = `${"%a".repeat(200)}%b`;
  const expression = parseCesql(`x LIKE '${pattern}'`);
  const began = performance.now();
  expect(evaluateCesql(expression, { x: "a".repeat(60_000) }).value).toBe(false);
  expect(performance.now() - began).toBeLessThan(1_000);
});
