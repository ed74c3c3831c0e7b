import { createHmac, randomBytes } from "node:crypto";
import { Problem } from "@jackfield/problem/problem";
import { webhookSecret } from "@jackfield/spec/http/webhook-signature";

/** Names of secrets, and the secrets that they stand for. */
export interface Keys {
  /** A name that no other secret has. @throws E_CONFIG when this gateway has no secret of its own to make others from */
  draw(): string;
  secretOf(key: string): string;
}

/** Secrets are made of the gateway's own and a random name: in the database lies nothing that could be stolen. */
export const createKeys = (gatewaySecret: string | undefined): Keys => ({
  draw: () => {
    if (gatewaySecret !== undefined) return randomBytes(12).toString("hex");
    throw new Problem("E_CONFIG", "This gateway cannot sign webhooks", {
      why: "JACKFIELD_GATEWAY_SECRET is not set, so a secret would not outlive this process",
      next: "set JACKFIELD_GATEWAY_SECRET to 16 characters or more, and keep it",
    });
  },
  secretOf: (key) =>
    webhookSecret(
      createHmac("sha256", gatewaySecret ?? "")
        .update(`webhook/${key}`)
        .digest(),
    ),
});
