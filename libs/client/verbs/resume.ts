import { steeringVerb } from "../steer.ts";

export const verb = steeringVerb({ name: "resume", does: "go on after a pause", done: "resumed" });
