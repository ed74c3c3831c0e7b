import { z } from "zod";
import { scopeName } from "../event/names.ts";
import { positionText } from "../event/position.ts";
import { route } from "./route.ts";

const taken = z.object({
  events: z.array(
    z.object({ id: z.string(), type: z.string(), position: positionText, duplicate: z.boolean() }),
  ),
});

const hook = (host: "github" | "gitlab", signs: string) =>
  route("POST", `/v1/hooks/${host}/:project`, {
    summary: `A webhook of ${host === "github" ? "GitHub" : "GitLab"}, ${signs}: push, tag, request, release`,
    scope: "signed",
    within: "answer",
    params: z.object({ project: scopeName }),
    body: z.looseObject({}),
    answer: taken,
    status: 202,
  });

export const postGithub = hook("github", "signed by X-Hub-Signature-256");
export const postGitlab = hook("gitlab", "signed by webhook-signature, or with X-Gitlab-Token");
