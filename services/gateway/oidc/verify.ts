import {
  createRemoteJWKSet,
  decodeJwt,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
} from "jose";
import { Problem } from "@jackfield/problem/problem";
import { z } from "zod";
import { isLoopback } from "../config.ts";
import { EdgeProblem } from "../problem-answer.ts";
import type { Issuer } from "./settings.ts";

/** Signatures that only the issuer can make; no secret that both sides know, and not "none". */
const algorithms = ["RS256", "ES256"];
const fetchWithinMs = 5_000;
/** Who sends tokens with keys that nobody knows makes the issuer no load. */
const cooldownMs = 30_000;
const discovered = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Checks identity tokens of the issuers that are configured. */
export class Verifier {
  readonly #issuers: readonly Issuer[];
  readonly #keys = new Map<string, { getKey: Promise<JWTVerifyGetKey>; atMs: number; failed: boolean }>();

  constructor(issuers: readonly Issuer[]) {
    this.#issuers = issuers;
  }

  /** @throws EdgeProblem E_OIDC_CLAIM (401) that names the claim; Problem E_UNREACHABLE when the issuer does not answer */
  async verify(token: string): Promise<{ issuer: Issuer; claims: JWTPayload & { jti: string } }> {
    const issuer = this.#issuerOf(token);
    const getKey = await this.#keysOf(issuer);
    try {
      const { payload } = await jwtVerify(token, getKey, {
        algorithms,
        issuer: issuer.issuer,
        audience: issuer.audience,
        requiredClaims: ["exp", "iat", "jti"],
        maxTokenAge: "1h",
        clockTolerance: 10,
      });
      // jose has seen that it is there.
      const jti = z.string().min(1).safeParse(payload.jti);
      if (!jti.success) throw refused("jti", "it is no text");
      return { issuer, claims: { ...payload, jti: jti.data } };
    } catch (thrown) {
      throw asRefusal(thrown, issuer);
    }
  }

  #issuerOf(token: string): Issuer {
    let claims: JWTPayload;
    try {
      claims = decodeJwt(token);
    } catch {
      throw refused("token", "it is no JSON Web Token");
    }
    const issuer = this.#issuers.find((one) => one.issuer === claims.iss);
    if (issuer !== undefined) return issuer;
    throw refused("iss", `${claims.iss ?? "nobody"} is no issuer that this gateway knows`);
  }

  #keysOf(issuer: Issuer): Promise<JWTVerifyGetKey> {
    const nowMs = performance.now();
    const known = this.#keys.get(issuer.issuer);
    if (known !== undefined && !(known.failed && nowMs - known.atMs > fetchWithinMs)) return known.getKey;
    const fresh = { getKey: discover(issuer), atMs: nowMs, failed: false };
    fresh.getKey.catch(() => (fresh.failed = true));
    this.#keys.set(issuer.issuer, fresh);
    return fresh.getKey;
  }
}

async function discover({ issuer }: Issuer): Promise<JWTVerifyGetKey> {
  try {
    const response = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, {
      redirect: "error",
      signal: AbortSignal.timeout(fetchWithinMs),
    });
    const found = discovered.parse(await response.json());
    const keys = new URL(found.jwks_uri);
    if (found.issuer !== issuer) throw new Error(`it calls itself ${found.issuer}`);
    if (keys.protocol !== "https:" && !isLoopback(keys.hostname))
      throw new Error("its keys are not behind https");
    return createRemoteJWKSet(keys, { cooldownDuration: cooldownMs, timeoutDuration: fetchWithinMs });
  } catch (cause) {
    throw unreachable(issuer, cause);
  }
}

const unreachable = (issuer: string, cause: unknown): Problem =>
  new Problem("E_UNREACHABLE", `The issuer ${issuer} cannot be asked for its keys.`, {
    why: cause instanceof Error ? cause.message : String(cause),
    cause,
  });

export const refused = (claim: string, why: string): EdgeProblem =>
  new EdgeProblem(401, "E_OIDC_CLAIM", {
    what: `The identity token is refused for its ${claim}.`,
    why,
    here: claim,
    next: "compare the job's claims with the rules in the file of JACKFIELD_OIDC",
  });

function asRefusal(thrown: unknown, { issuer, audience }: Issuer): unknown {
  if (thrown instanceof errors.JWTClaimValidationFailed || thrown instanceof errors.JWTExpired) {
    const wanted = thrown.claim === "aud" ? `; ask for a token with the audience ${audience}` : "";
    return refused(thrown.claim, `${thrown.message}${wanted}`);
  }
  if (thrown instanceof errors.JOSEAlgNotAllowed || thrown instanceof errors.JOSENotSupported)
    return refused("alg", `only ${algorithms.join(" and ")} are taken`);
  if (thrown instanceof errors.JWKSNoMatchingKey) return refused("kid", `${issuer} has no such key`);
  if (thrown instanceof errors.JWSSignatureVerificationFailed)
    return refused("signature", "it was not made with a key of the issuer");
  if (thrown instanceof errors.JWKSTimeout || thrown instanceof TypeError) return unreachable(issuer, thrown);
  if (thrown instanceof errors.JOSEError) return refused("token", thrown.message);
  return thrown;
}
