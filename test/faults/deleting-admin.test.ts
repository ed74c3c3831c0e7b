import { test } from "vitest";
import { deleteEverything } from "./deleting-admin.ts";
import { Dice } from "./dice.ts";

test("consumers and the stream are deleted under work, and everybody goes on", async () => {
  await deleteEverything(new Dice(1));
}, 120_000);
