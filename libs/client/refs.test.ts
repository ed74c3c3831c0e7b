import { expect, test } from "vitest";
import { parseRef } from "./refs.ts";

const id = "q6ysbtgk2y7mzcgo7qk3vqz2ye";

test.each([
  ["weather/seattle", { kind: "subproject", project: "weather", subproject: "seattle" }],
  ["weather/*", { kind: "subproject", project: "weather", subproject: "*" }],
  ["seattle-57", { kind: "run", run: "seattle-57" }],
  ["new-york-7", { kind: "run", run: "new-york-7" }],
  ["weather:seattle-57", { kind: "run", run: "seattle-57", project: "weather" }],
  ["weather:seattle-57/train", { kind: "task", run: "seattle-57", step: "train", project: "weather" }],
  ["seattle-57/train", { kind: "task", run: "seattle-57", step: "train" }],
  [id, { kind: "run", run: id }],
  [`${id}/trials/@3/train`, { kind: "task", run: id, step: "trials/@3/train" }],
  [`${id}/train/command/1/finished`, { kind: "event", id: `${id}/train/command/1/finished` }],
  [
    `${id}/train/command/1/progressed/a1b2-7`,
    { kind: "event", id: `${id}/train/command/1/progressed/a1b2-7` },
  ],
  ["weather/3/applied", { kind: "event", id: "weather/3/applied" }],
  ["@last", { kind: "shortcut", which: "last" }],
  [`sha256:${"0".repeat(64)}`, { kind: "artifact", digest: `sha256:${"0".repeat(64)}` }],
  ["train", { kind: "name", name: "train" }],
  ["urn:uuid:7f", { kind: "event", id: "urn:uuid:7f" }],
])("%s says by its shape what it is", (text, ref) => {
  expect(parseRef(text)).toEqual(ref);
});

test("A digest that was cut short is no event's id", () => {
  expect(() => parseRef("sha256:dc18")).toThrow("no whole digest");
});

test("A stage is refused, because this release has none", () => {
  expect(() => parseRef("weather/seattle@production")).toThrow("does not have");
});
