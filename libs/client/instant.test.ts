import { expect, test } from "vitest";
import { instantOf } from "./instant.ts";

const now = new Date(2026, 4, 1, 14, 2, 30);
const flags = (at: string | undefined) => ({ on: () => false, text: () => at, texts: () => [] });
const local = (...parts: [number, number, number]) => new Date(2026, 4, 1, ...parts, 999).toISOString();

test.each([
  [undefined, undefined],
  ["13:00", local(13, 0, 0)],
  ["9:05:07", local(9, 5, 7)],
  ["10m", new Date(now.getTime() - 600_000).toISOString()],
  ["2026-04-30T10:00:00Z", "2026-04-30T10:00:00.000Z"],
])("--at %s is %s", (at, instant) => {
  expect(instantOf(flags(at), now)).toBe(instant);
});

test.each(["yesterday", "2026-99-99", "later"])("--at %s is refused", (at) => {
  expect(() => instantOf(flags(at), now)).toThrow("is no time");
});
