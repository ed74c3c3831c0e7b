import type { FastifyInstance } from "fastify";
import { Problem } from "@jackfield/problem/problem";
import { getMe, getTokens, postTokens, revokeToken } from "@jackfield/spec/http/tokens";
import type { GatewayParts } from "../door-parts.ts";
import { isOurs } from "../event-from-outside.ts";
import { serve } from "../serve-route.ts";
import { drawToken, tokenDigest } from "./token-text.ts";
import type { KeptToken } from "./token-store.ts";

/** Tokens are made, listed and taken back; what one may do is told to who shows it. */
export function serveTokens(app: FastifyInstance, { store, book }: GatewayParts): void {
  serve(app, postTokens, async ({ body, request }) => {
    const { name, scopes, projects = null, source = null, expires } = body;
    if (source !== null && isOurs(source))
      throw new Problem("E_NOT_YOURS", `The source ${source} belongs to Jackfield itself.`, {
        here: "/source",
      });
    const token = drawToken();
    const { id } = await store.add({
      digest: tokenDigest(token),
      name,
      scopes: [...new Set(scopes)],
      projects,
      source,
      expiresAt: expires === undefined ? null : new Date(expires),
      createdBy: request.caller.name,
    });
    await book.read();
    return { id, token };
  });

  serve(app, getTokens, async () => ({ tokens: (await store.all()).map(described) }));

  serve(app, revokeToken, async ({ params: { token }, request }) => {
    const revoked = await store.revoke(token, request.caller.name);
    if (revoked.length === 0)
      throw new Problem("E_NOT_FOUND", `No token in force has the id or name ${token}.`, {
        next: "jackfield ls tokens",
      });
    await book.read();
    return { revoked };
  });

  serve(app, getMe, async ({ request: { caller } }) => ({
    scopes: [...caller.scopes],
    ...(caller.name !== undefined && { name: caller.name }),
    ...(caller.projects !== null && { projects: [...caller.projects] }),
    ...(caller.source !== undefined && { source: caller.source }),
  }));
}

const described = (row: KeptToken) => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes,
  created: row.created_at.toISOString(),
  ...(row.projects !== null && { projects: row.projects }),
  ...(row.source !== null && { source: row.source }),
  ...(row.created_by !== null && { by: row.created_by }),
  ...(row.expires_at !== null && { expires: row.expires_at.toISOString() }),
  ...(row.last_used_at !== null && { used: row.last_used_at.toISOString() }),
  ...(row.revoked_at !== null && { revoked: row.revoked_at.toISOString() }),
  ...(row.revoked_by !== null && { revokedBy: row.revoked_by }),
});
