import { expect, test } from "vitest";
import { packOrigins, unpackOrigins } from "./origins.ts";

test("Origins that all subprojects share are said once, and come back whole", () => {
  const origins = {
    "*": { "/on": "default" },
    IS: { "/target": "jackfield.yaml:4", "/train/params/trees": "jackfield.yaml:9" },
    NO: { "/target": "jackfield.yaml:4", "/train/params/trees": "jackfield.yaml:7" },
  };
  const packed = packOrigins(origins);
  expect(packed["*"]).toEqual({ "/on": "default", "/subprojects/*/target": "jackfield.yaml:4" });
  expect(unpackOrigins(packed, ["IS", "NO"])).toEqual(origins);
});
