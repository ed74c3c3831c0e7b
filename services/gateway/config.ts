import { Problem } from "@jackfield/problem/problem";
import { z } from "zod";

/** Settings of the gateway, by the names of their variables. */
export const gatewayConfig = z.object({
  JACKFIELD_GATEWAY_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  JACKFIELD_GATEWAY_HOST: z.string().default("127.0.0.1"),
  /** Where clients find the gateway; its port is ours when it names this machine and no port is set. */
  JACKFIELD_URL: z.string().optional(),
  /** Names beside those of this machine by which the gateway may be asked, with commas between. */
  JACKFIELD_GATEWAY_HOSTS: z.string().optional(),
  /** The administrator's token; with it, everybody who asks has to show this one or one that was made with it. */
  JACKFIELD_TOKEN: z.string().min(16).optional(),
  /** Signs the tokens of tasks; without it they are good until this process ends. */
  JACKFIELD_GATEWAY_SECRET: z.string().min(16).optional(),
  /** The file that says which CI jobs get tokens by their identity (OpenID Connect). */
  JACKFIELD_OIDC: z.string().optional(),
  /** The file with the secrets that projects share with their code hosts. */
  JACKFIELD_HOOKS: z.string().optional(),
  /** Requests a second of one token, for long; four times as many at once. */
  JACKFIELD_GATEWAY_RATE: z.coerce.number().min(1).max(1_000_000).default(500),
  /** Live streams at once: of all, and of one token. */
  JACKFIELD_GATEWAY_STREAMS: z.coerce.number().int().min(1).max(100_000).default(1_000),
  JACKFIELD_GATEWAY_TOKEN_STREAMS: z.coerce.number().int().min(1).max(100_000).default(50),
  /** Ranges of addresses beside the public internet that webhooks may be sent to, with commas between. */
  JACKFIELD_WEBHOOK_ALLOW: z.string().default(""),
  /** Seconds before each further try of a delivery, with commas between; after the last one it stands still. */
  JACKFIELD_WEBHOOK_PLAN: z.string().optional(),
  JACKFIELD_GATEWAY_HEARTBEAT_SECONDS: z.coerce.number().min(0.05).max(300).default(15),
});

export type GatewayConfig = z.output<typeof gatewayConfig>;

const usualPort = 7733;
const loopback = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

/** Is this host this machine, by a name that no other site can have? */
export const isLoopback = (hostname: string): boolean => loopback.test(hostname);

/** Where to listen. @throws Problem E_CONFIG when others could come in and no token keeps them out. */
export function addressOf(config: GatewayConfig): { host: string; port: number } {
  const host = config.JACKFIELD_GATEWAY_HOST;
  if (!loopback.test(host) && config.JACKFIELD_TOKEN === undefined)
    throw new Problem("E_CONFIG", `The gateway does not listen on ${host} without a token.`, {
      why: "Everybody who reaches that address could do everything.",
      next: "set JACKFIELD_TOKEN (16 characters or more), or leave JACKFIELD_GATEWAY_HOST at 127.0.0.1",
    });
  return { host, port: config.JACKFIELD_GATEWAY_PORT ?? ownPortOf(config.JACKFIELD_URL) ?? usualPort };
}

function ownPortOf(url: string | undefined): number | undefined {
  const parsed = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !loopback.test(parsed.hostname) || parsed.port === "") return undefined;
  return Number(parsed.port);
}
