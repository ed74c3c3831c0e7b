import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { Problem } from "@jackfield/problem/problem";
import { exchangeToken, renewToken } from "@jackfield/spec/http/oidc";
import { Buckets } from "../access/buckets.ts";
import { drawToken, tokenDigest } from "../access/token-text.ts";
import type { GatewayParts } from "../door-parts.ts";
import { serve } from "../serve-route.ts";
import { ruleFor } from "./claims.ts";
import { refused, Verifier } from "./verify.ts";

const goodForMs = 600_000;
/** No job of CI may take longer. */
const renewableForMs = 6 * 3_600_000;
const idPrefix = "oidc-";

/** A CI job's identity token for a token of ours that is good for ten minutes, in the project that a rule gives it. */
export function serveExchange(app: FastifyInstance, { store, book, issuers }: GatewayParts): void {
  const verifier = new Verifier(issuers);
  const strangers = new Buckets(10);

  serve(app, exchangeToken, async ({ body, request }) => {
    strangers.take(request.ip);
    const { issuer, claims } = await verifier.verify(body.token);
    const rule = ruleFor(issuer, claims);
    if ("claim" in rule) throw refused(rule.claim, rule.why);
    const token = drawToken();
    const expiresAt = new Date(Date.now() + goodForMs);
    const added = await store.addOnce({
      id: idOf(issuer.issuer, claims.jti),
      digest: tokenDigest(token),
      name: rule.as,
      scopes: [...rule.scopes],
      projects: [rule.project],
      source: rule.source ?? null,
      expiresAt,
      createdBy: issuer.issuer,
    });
    if (!added) throw refused("jti", "this identity token was exchanged before, and is good once");
    await book.read();
    return { token, expires: expiresAt.toISOString(), project: rule.project, scopes: rule.scopes };
  });

  serve(app, renewToken, async ({ request: { caller } }) => {
    const { token } = caller;
    const until =
      token?.startsWith(idPrefix) === true ? await store.renew(token, goodForMs, renewableForMs) : undefined;
    if (until === undefined)
      throw new Problem("E_TOKEN_SCOPE", "This token cannot be renewed.", {
        next: "only one that was exchanged for an identity token can, for six hours; exchange another one",
      });
    await book.read();
    return { expires: until.toISOString() };
  });
}

/** One identity token has one id here: whoever shows it again finds it taken. */
const idOf = (issuer: string, jti: string): string =>
  `${idPrefix}${createHash("sha256")
    .update(JSON.stringify([issuer, jti]))
    .digest("hex")
    .slice(0, 32)}`;
