import { defineService } from "@jackfield/service/define";
import { gatewayConfig } from "./config.ts";
import { openDoor } from "./door.ts";

export const gateway = defineService({ name: "gateway", config: gatewayConfig, doors: openDoor });
