/** The work of `jackfield handle`, with points when it was given a task and when its answer is accepted. */
import * as sound from "../../../../libs/client/handle/work.ts";
import { strikeAt } from "../strike-at.ts";

export * from "../../../../libs/client/handle/work.ts";

export const doTask: typeof sound.doTask = async (bench, pulled) => {
  strikeAt("given");
  const answer = await sound.doTask(bench, pulled);
  strikeAt("answered");
  return answer;
};
