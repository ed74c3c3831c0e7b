import { createHmac, timingSafeEqual } from "node:crypto";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** As long as the clocks of two machines may differ, and a delivery may take (Standard Webhooks). */
const toleranceSeconds = 300;
/** More signatures than a change of secrets needs are not looked at. */
const mostSignatures = 10;

/** `X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the body>`. */
export function isFromGithub(secret: string, headers: Headers, body: Uint8Array): boolean {
  const said = /^sha256=([0-9a-f]{64})$/.exec(textOf(headers["x-hub-signature-256"]))?.[1] ?? "";
  return isSame(Buffer.from(said, "hex"), createHmac("sha256", secret).update(body).digest());
}

/**
 * A secret `whsec_…` is the key of Standard Webhooks, which GitLab signs with since 2026; any other is the secret that
 * it shows as `X-Gitlab-Token`. `now`: seconds.
 */
export function isFromGitlab(secret: string, headers: Headers, body: Uint8Array, now: number): boolean {
  if (!secret.startsWith("whsec_")) {
    const digest = (text: string): Buffer => createHmac("sha256", "compare").update(text).digest();
    return isSame(digest(textOf(headers["x-gitlab-token"])), digest(secret));
  }
  const [id, time, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) =>
    textOf(headers[name]),
  );
  if (id === "" || !/^\d{1,12}$/.test(time ?? "") || Math.abs(now - Number(time)) > toleranceSeconds)
    return false;
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const right = createHmac("sha256", key)
    .update(`${id ?? ""}.${time ?? ""}.`)
    .update(body)
    .digest();
  return (signatures ?? "")
    .split(" ", mostSignatures)
    .some((one) => one.startsWith("v1,") && isSame(Buffer.from(one.slice(3), "base64"), right));
}

const textOf = (value: string | string[] | undefined): string => (typeof value === "string" ? value : "");

const isSame = (said: Buffer, right: Buffer): boolean =>
  said.byteLength === right.byteLength && timingSafeEqual(said, right);
