import { test } from "vitest";
import { Dice } from "./dice.ts";
import { sayEverythingTwice } from "./doubles.ts";

test("when every message comes twice everything happens once", async () => {
  await sayEverythingTwice(20, new Dice(1));
}, 60_000);
