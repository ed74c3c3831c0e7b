import { steeringVerb } from "../steer.ts";

export const verb = steeringVerb({
  name: "pause",
  does: "trigger nothing new in a run; what is at work finishes",
  done: "paused",
  undo: (run) => `jackfield resume ${run}`,
});
