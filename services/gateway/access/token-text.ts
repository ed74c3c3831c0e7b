import { createHash, randomBytes } from "node:crypto";

const form = /^jf_[A-Za-z0-9_-]{43}$/;

/** A new token: `jf_` and 256 random bits. */
export const drawToken = (): string => `jf_${randomBytes(32).toString("base64url")}`;

/** What cannot be one of ours need not be looked for. */
export const isToken = (text: string): boolean => form.test(text);

/** All that is kept of it. A token has as many random bits as the digest, so no salt is needed. */
export const tokenDigest = (text: string): Buffer => createHash("sha256").update(text).digest();
