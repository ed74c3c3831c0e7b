import { z } from "zod";

/** What a token can be good for; `admin` includes all others. */
export const scope = z
  .enum(["emit", "read", "handle", "operate", "approve", "admin"])
  .meta({ id: "TokenScope" });

export type Scope = z.output<typeof scope>;

/**
 * Whom a route lets in: who shows a token with that scope; `token`: with any that is in force; `signed`: who proves in
 * the request itself where it comes from; `public`: everybody.
 */
export type RouteScope = Scope | "token" | "signed" | "public";
