import { z } from "zod";
import { scopeName } from "../event/names.ts";
import { route } from "./route.ts";
import { scope } from "./scope.ts";

const time = z.iso.datetime({ offset: true });

/** A path or URL; every source that begins with it, at the end of a segment, is its owner's and nobody else's. */
const sourcePrefix = z
  .string()
  .min(2)
  .max(200)
  .regex(/^[^\s\p{C}]*[^\s\p{C}/]$/u, "begins a source: /ci/github say; without / at the end");

const described = z.object({
  name: scopeName,
  scopes: z.array(scope).min(1),
  /** Absent: all. */
  projects: z.array(scopeName).min(1).max(1_000).optional(),
  /** The prefix of its sources. */
  source: sourcePrefix.optional(),
  expires: time.optional(),
});

export const keptToken = described
  .extend({
    id: z.string(),
    created: time,
    by: z.string().optional(),
    used: time.optional(),
    revoked: time.optional(),
    revokedBy: z.string().optional(),
  })
  .meta({ id: "Token" });

export const postTokens = route("POST", "/v1/tokens", {
  summary: "Make a token; it is told once, and only its digest is kept",
  scope: "admin",
  body: described,
  answer: z.object({ id: z.string(), token: z.string() }),
  status: 201,
});

export const getTokens = route("GET", "/v1/tokens", {
  summary: "Who may do what, newest first, those that ended too",
  scope: "admin",
  answer: z.object({ tokens: z.array(keptToken) }),
});

export const revokeToken = route("POST", "/v1/tokens/:token/revoke", {
  summary: "Take a token back, by its id, or all of a name; open streams end",
  scope: "admin",
  params: z.object({ token: scopeName }),
  answer: z.object({ revoked: z.array(z.string()) }),
});

export const getMe = route("GET", "/v1/me", {
  summary: "Who the token makes me, and what I may",
  scope: "token",
  within: "answer",
  answer: described.partial({ name: true }),
});
