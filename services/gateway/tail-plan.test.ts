import { expect, test } from "vitest";
import { pieceOf, rangeOf } from "./byte-range.ts";
import { gapBetween, nextFrom, positionAfter, start } from "./tail-plan.ts";

const at = (sequence: number, epoch = 100) => ({ epoch, sequence });
const held = { floor: at(10), end: at(20) };

test.each([
  [at(9), "history"],
  [start, "history"],
  [at(900, 99), "history"],
  [at(10), "held"],
  [at(19), "held"],
  [at(20), "wait"],
  [at(21), "ahead"],
  [at(1, 101), "ahead"],
])("a tail at %j goes on from %s", (position, from) => {
  expect(nextFrom(position, held)).toBe(from);
});

test("the last page ends where the gateway's own part begins, or behind it, never before", () => {
  const page = (...positions: string[]) => ({ events: positions.map((position) => ({ position })) });
  expect(positionAfter(page(), at(10))).toEqual(at(10));
  expect(positionAfter(page("100-7"), at(10))).toEqual(at(10));
  expect(positionAfter(page("100-12"), at(10))).toEqual(at(12));
  expect(positionAfter({ ...page("100-3"), next: "100-5" }, at(10))).toEqual(at(5));
});

test("between two epochs is a gap, at the very start is none", () => {
  expect(gapBetween(at(5), at(9))).toBeUndefined();
  expect(gapBetween(start, at(1))).toBeUndefined();
  expect(gapBetween(at(5), at(3, 200))).toMatchObject({ from: at(6), to: at(2, 200) });
});

test.each([
  ["bytes=0-4", { from: 0, to: 5 }],
  ["bytes=5-", { from: 5, to: 10 }],
  ["bytes=-3", { from: 7, to: 10 }],
  ["bytes=-99", { from: 0, to: 10 }],
  ["bytes=8-99", { from: 8, to: 10 }],
  ["bytes=0-1,4-5", undefined],
  ["rows=0-1", undefined],
  [undefined, undefined],
])("of 10 bytes %s are %j", (header, range) => {
  expect(rangeOf(header, 10)).toEqual(range);
});

test("a range behind the end, and a piece that says no place, are refused", () => {
  expect(() => rangeOf("bytes=10-", 10)).toThrow("no bytes");
  expect(() => rangeOf("bytes=5-2", 10)).toThrow("no bytes");
  expect(pieceOf("bytes 4-7/*")).toEqual({ from: 4, total: undefined });
  expect(pieceOf("bytes */8")).toEqual({ from: undefined, total: 8 });
  expect(() => pieceOf("4-7")).toThrow("not understood");
});
