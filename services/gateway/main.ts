import { defineService } from "@jackfield/service/define";
import { gatewayConfig } from "./config.ts";
import { openDoor } from "./door.ts";

export const gateway = defineService({
  name: "gateway",
  config: gatewayConfig,
  migrations: new URL("./migrations/", import.meta.url),
  doors: openDoor,
});
