import { defineService } from "@jackfield/service/define";
import { on } from "@jackfield/service/on";
import { split as capability } from "@jackfield/spec/split";
import { splitRows } from "./split-rows.ts";

export const split = defineService({
  name: "split",
  handlers: ({ artifacts }) => [on(capability, splitRows({ artifacts }))],
});
