import { test } from "vitest";
import { standInACrowd } from "./crowd.ts";

test("ten tasks beside four hundred of another project are served within twice their time alone", async () => {
  await standInACrowd(400, 50);
}, 60_000);
