import { answerTo } from "@jackfield/service/answer";
import { defineService } from "@jackfield/service/define";
import * as ask from "@jackfield/spec/ask/conductor";
import { answerBind, answerBindings } from "./answer-bind.ts";
import { answerHandlers } from "./answer-handlers.ts";
import { answerLease } from "./answer-lease.ts";
import { welcomeHandlers } from "./answer-register.ts";
import { answerCapabilities, answerPublish } from "./answer-publish.ts";
import { answerRequest, answerSteer } from "./answer-steer.ts";
import { answerUnfinished } from "./answer-unfinished.ts";
import { answerListens, answerWhy } from "./answer-why.ts";
import { Conductor } from "./conductor.ts";
import { settings } from "./settings.ts";

export const conductor = defineService({
  name: "conductor",
  config: settings,
  migrations: new URL("./migrations/", import.meta.url),
  state: (parts) => Conductor.open(parts),
  reads: (conductor) => conductor,
  answers: (conductor) => [
    answerTo(ask.lease, answerLease(conductor)),
    answerTo(ask.register, welcomeHandlers(conductor)),
    answerTo(ask.bind, answerBind(conductor)),
    answerTo(ask.bindings, answerBindings(conductor)),
    answerTo(ask.handlers, answerHandlers(conductor)),
    answerTo(ask.publish, answerPublish(conductor)),
    answerTo(ask.capabilities, answerCapabilities(conductor)),
    answerTo(ask.pause, answerSteer(conductor, "paused")),
    answerTo(ask.resume, answerSteer(conductor, "resumed")),
    answerTo(ask.abort, answerSteer(conductor, "aborted")),
    answerTo(ask.why, answerWhy(conductor)),
    answerTo(ask.listens, answerListens(conductor)),
    answerTo(ask.unfinished, answerUnfinished(conductor)),
    answerTo(ask.request, answerRequest(conductor)),
  ],
});
