import { test } from "vitest";
import { standInACrowd } from "./crowd.ts";

test("ten tasks beside twenty thousand of another project are served within twice their time alone", async () => {
  await standInACrowd(20_000, 10);
}, 1_500_000);
