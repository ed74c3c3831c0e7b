import { expect, test } from "vitest";
import { signedHeaders, webhookRefusal, webhookSecret } from "./webhook-signature.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const message = {
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: 1_614_265_330,
  body: '{"test": 2432232314}',
};
const right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const now = message.timestamp;
const headers = signedHeaders([secret], message);
const sent = { headers, body: message.body };

test("signs as Standard Webhooks do: the vector of their reference libraries", () => {
  expect(headers).toEqual({
    "webhook-id": message.id,
    "webhook-timestamp": "1614265330",
    "webhook-signature": right,
  });
  expect(webhookRefusal(secret, sent, now)).toBeUndefined();
  expect(webhookRefusal(secret.slice(6), sent, now)).toBeUndefined();
});

test("one signature of several is enough, of whatever version the others are", () => {
  const other = webhookSecret(new Uint8Array(24).fill(7));
  const both = { headers: signedHeaders([other, secret], message), body: message.body };
  expect(webhookRefusal(secret, both, now)).toBeUndefined();
  expect(webhookRefusal(other, both, now)).toBeUndefined();
  const list = `v1a,${"A".repeat(88)} v2,x v1, ${right}`;
  expect(
    webhookRefusal(secret, { ...sent, headers: { ...headers, "webhook-signature": list } }, now),
  ).toBeUndefined();
});

const without = (name: string) => ({ ...sent, headers: { ...headers, [name]: undefined } });
const changed = (name: string, value: string) => ({ ...sent, headers: { ...headers, [name]: value } });

test.each([
  ["no id", without("webhook-id"), now],
  ["no timestamp", without("webhook-timestamp"), now],
  ["no signature", without("webhook-signature"), now],
  ["a timestamp that is no number", changed("webhook-timestamp", "soon"), now],
  ["another timestamp", changed("webhook-timestamp", "1614265331"), now],
  ["another id", changed("webhook-id", "msg_other"), now],
  ["another body", { ...sent, body: '{"test": 2432232315}' }, now],
  ["a version that we do not know", changed("webhook-signature", right.replace("v1,", "v0,")), now],
  ["a signature that was cut", changed("webhook-signature", right.slice(0, -4)), now],
  ["an empty signature", changed("webhook-signature", "v1,"), now],
  ["ten thousand signatures", changed("webhook-signature", `${"v1,AAAA ".repeat(10_000)}${right}`), now],
  ["five minutes and a second too late", sent, now + 301],
  ["five minutes and a second too early", sent, now - 301],
])("refuses a message with %s", (_what, message_, at) => {
  expect(webhookRefusal(secret, message_, at)).toBeTypeOf("string");
});

test("a secret has 24 to 64 bytes, and an id no dot", () => {
  expect(() => webhookSecret(new Uint8Array(23))).toThrow(RangeError);
  expect(() => signedHeaders([secret], { ...message, id: "a.b" })).toThrow(RangeError);
  expect(() => signedHeaders(["whsec_"], message)).toThrow(RangeError);
});
