import { test } from "vitest";
import { deleteEverything } from "./deleting-admin.ts";
import { Dice } from "./dice.ts";

test.each([2, 3, 4, 5])(
  "consumers and the stream are deleted under work, and everybody goes on (seed %i)",
  async (seed) => {
    await deleteEverything(new Dice(seed));
  },
  120_000,
);
