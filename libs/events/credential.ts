import { credsAuthenticator, type Authenticator } from "@nats-io/transport-node";
import { Problem } from "@jackfield/problem/problem";
import { sha256 } from "@jackfield/spec/event/canonical";

/** Who a credential says that one is. */
export interface Identity {
  authenticator?: Authenticator;
  /** Of one that we issued: whose replies come to `_INBOX_<user>.>`. */
  user?: string;
  /** What the names of the JetStream API begin with in its account. */
  api: string;
  /** Of the key, and not the key itself. */
  secret: string;
}

/** Reads the text of a `.creds` file; one that somebody else issued proves who we are, and says no more. @throws Problem E_CONFIG */
export function identityOf(text: string | undefined): Identity {
  if (text === undefined) return { api: "$JS.API", secret: "" };
  const [, token] = /-----BEGIN NATS USER JWT-----\s+(\S+)/.exec(text) ?? [];
  const authenticator = credsAuthenticator(Buffer.from(text));
  try {
    authenticator("");
    const { name, tags } = claimsOf(token ?? "");
    const ours = tags.includes("jackfield");
    const api = tags.find((tag) => tag.startsWith("api:"))?.slice("api:".length);
    const secret = sha256(text).toString("base64url");
    return { authenticator, secret, api: (ours ? api : undefined) ?? "$JS.API", ...(ours && { user: name }) };
  } catch (cause) {
    throw new Problem("E_CONFIG", "This is no credential of NATS.", {
      why: "a .creds file has the JWT of a user and its seed",
      next: "jackfield admin token --handler NAME --project PROJECT > NAME.creds",
      cause,
    });
  }
}

/** Signed for the server, which checks it; we only read what it says of us. */
function claimsOf(token: string): { name: string; tags: string[] } {
  const said: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  const { name, nats } = said as { name?: unknown; nats?: { tags?: unknown } };
  const tags = Array.isArray(nats?.tags) ? nats.tags.map(String) : [];
  return { name: String(name), tags };
}
