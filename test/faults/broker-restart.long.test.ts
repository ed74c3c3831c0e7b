import { test } from "vitest";
import { restartTheBroker } from "./broker-restarts.ts";

test("Keptn #1209, #5819, #5974, #7100, Kyma #12930: after 20 broker restarts every service goes on", async () => {
  await restartTheBroker(20);
}, 600_000);
