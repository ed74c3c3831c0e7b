import type { FastifyRequest } from "fastify";
import { EdgeProblem } from "../problem-answer.ts";
import type { GatewayConfig } from "../config.ts";
import { isLoopback } from "../config.ts";

/** The names by which this gateway may be asked, beside those of this machine that no other site can have. */
export function ownNames({ JACKFIELD_GATEWAY_HOSTS: said, JACKFIELD_URL: url }: SiteConfig): Set<string> {
  const names = (said ?? "").split(",").map((name) => name.trim().toLowerCase());
  if (url !== undefined && URL.canParse(url)) names.push(new URL(url).hostname);
  return new Set(names.filter((name) => name !== ""));
}

type SiteConfig = Pick<GatewayConfig, "JACKFIELD_GATEWAY_HOSTS" | "JACKFIELD_URL">;

/**
 * A page of another site that somebody here looks at may not ask. A browser names the page's site in Origin; one whose
 * name was pointed at this machine shows in Host. @throws EdgeProblem 421, 403
 */
export function refuseOtherSites({ headers: { origin, host } }: FastifyRequest, own: Set<string>): void {
  const isOwn = (url: string): boolean =>
    URL.canParse(url) && (isLoopback(new URL(url).hostname) || own.has(new URL(url).hostname));
  if (host !== undefined && !isOwn(`http://${host}`))
    throw new EdgeProblem(421, "E_TOKEN_SCOPE", {
      what: `This gateway is not called ${host}.`,
      next: "ask by 127.0.0.1 or localhost, or set JACKFIELD_GATEWAY_HOSTS to the names that it has",
    });
  if (origin !== undefined && !isOwn(origin))
    throw new EdgeProblem(403, "E_TOKEN_SCOPE", {
      what: `${origin} is another site; pages of other sites may not ask.`,
      next: "ask from a page of this gateway, or from a program that sends no Origin",
    });
}
