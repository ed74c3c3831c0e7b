import { steeringVerb } from "../steer.ts";

export const verb = steeringVerb({
  name: "abort",
  does: "cancel, handlers are told",
  done: "aborted",
  undo: (run) => `jackfield retry ${run}`,
});
