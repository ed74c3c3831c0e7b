import { createHmac, timingSafeEqual } from "node:crypto";

/** What is signed: the id of the message, the second of this attempt (Unix time), and the body as it is sent. */
export interface SignedMessage {
  id: string;
  timestamp: number;
  body: string;
}

export type WebhookHeaders = Readonly<Record<string, string | undefined>>;

const secretPrefix = "whsec_";
const version = "v1";
const toleranceSeconds = 300;
/** While a secret is changed there are two; a longer list is an attack on whoever verifies it. */
const mostSignatures = 16;

/** 24 to 64 random bytes → the text of a secret. @see https://www.standardwebhooks.com */
export function webhookSecret(random: Uint8Array): string {
  if (random.length < 24 || random.length > 64) throw new RangeError("A secret has 24 to 64 bytes");
  return secretPrefix + Buffer.from(random).toString("base64");
}

/** The key in a secret. @throws RangeError when it has none */
function keyOf(secret: string): Buffer {
  const text = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : secret;
  const key = Buffer.from(text, "base64");
  if (key.length === 0) throw new RangeError("The secret is empty");
  return key;
}

const signatureOf = (secret: string, { id, timestamp, body }: SignedMessage): string =>
  createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest("base64");

/** The three headers of a message, signed with each of the secrets. @throws RangeError for an id with a dot in it */
export function signedHeaders(secrets: readonly string[], message: SignedMessage): Record<string, string> {
  if (message.id.includes(".")) throw new RangeError("A message id has no dot");
  return {
    "webhook-id": message.id,
    "webhook-timestamp": String(message.timestamp),
    "webhook-signature": secrets.map((secret) => `${version},${signatureOf(secret, message)}`).join(" "),
  };
}

/**
 * Is this message from whoever has the secret, and fresh? `nowSeconds` is Unix time. Undefined: yes; else the reason.
 * Header names are in lower case.
 */
export function webhookRefusal(
  secret: string,
  { headers, body }: { headers: WebhookHeaders; body: string },
  nowSeconds: number,
): string | undefined {
  const { "webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": list } = headers;
  if (id === undefined || stamp === undefined || list === undefined) return "a webhook header is missing";
  if (!/^\d{1,15}$/.test(stamp)) return "webhook-timestamp is no number of seconds";
  const timestamp = Number(stamp);
  if (Math.abs(nowSeconds - timestamp) > toleranceSeconds)
    return "webhook-timestamp is not of these five minutes";
  const right = Buffer.from(signatureOf(secret, { id, timestamp, body }));
  const signatures = list.split(" ", mostSignatures + 1);
  if (signatures.length > mostSignatures) return "there are too many signatures";
  const fits = signatures.some((each) => {
    const given = Buffer.from(each.startsWith(`${version},`) ? each.slice(version.length + 1) : "");
    return given.length === right.length && timingSafeEqual(given, right);
  });
  return fits ? undefined : "no signature fits";
}
