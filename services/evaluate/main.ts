import { defineService } from "@jackfield/service/define";
import { on } from "@jackfield/service/on";
import { evaluate as capability } from "@jackfield/spec/evaluate";
import { judgePredictions } from "./judge-predictions.ts";

export const evaluate = defineService({
  name: "evaluate",
  handlers: ({ artifacts }) => [on(capability, judgePredictions({ artifacts }))],
});
