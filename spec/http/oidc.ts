import { z } from "zod";
import { scopeName } from "../event/names.ts";
import { route } from "./route.ts";
import { scope } from "./scope.ts";

export const exchangeToken = route("POST", "/v1/oidc/exchange", {
  summary: "A CI job's identity token (OpenID Connect) for a token that is good for ten minutes",
  scope: "signed",
  within: "answer",
  body: z.object({ token: z.string().min(1).max(16_384) }),
  answer: z.object({
    token: z.string(),
    expires: z.iso.datetime(),
    project: scopeName,
    scopes: z.array(scope),
  }),
  status: 201,
});

export const renewToken = route("POST", "/v1/oidc/renew", {
  summary: "Ten more minutes for a token that was exchanged, at most six hours in all",
  scope: "token",
  within: "answer",
  answer: z.object({ expires: z.iso.datetime() }),
});
