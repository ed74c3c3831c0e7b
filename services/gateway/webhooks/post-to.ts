import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { request as requestHttp, type ClientRequest, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { connect, isIP } from "node:net";
import { Problem } from "@jackfield/problem/problem";
import type { WebhookResponse } from "@jackfield/spec/http/webhook-answer";
import { closedAddress, targetUrl, type TargetRule } from "./target-address.ts";

/** Who is sent to, and by which rules. */
export interface Target {
  url: string;
  rule: TargetRule;
  /** Name → addresses; the system's resolver unless a story brings its own. */
  resolve?: (name: string) => Promise<LookupAddress[]>;
}

export interface Posting {
  headers: Record<string, string>;
  body: string;
  /** Aborted when nobody wants the answer any more. */
  signal: AbortSignal;
  /** Until the whole answer is there. */
  withinMs: number;
}

const connectWithinMs = 5_000;
/** As large as an event. */
const mostBytes = 65_536;
const mostHeaderBytes = 16_384;
const mostInterim = 16;

/**
 * Posts a body and reads the answer. The name is looked up once, what it stands for is checked, and the connection goes
 * to that address and no other. Nothing is followed, unpacked, or read beyond 64 KiB.
 * @throws E_TARGET_REFUSED for a closed address or an answer beyond its limits, E_TARGET_DOWN when nobody can be reached
 */
export async function postTo(target: Target, posting: Posting): Promise<WebhookResponse> {
  const url = targetUrl(target.url, target.rule);
  const address = await addressOf(url, target);
  const late = AbortSignal.timeout(posting.withinMs);
  const signal = AbortSignal.any([posting.signal, late]);
  const request = open(url, { address, signal, headers: posting.headers, body: posting.body });
  try {
    const response = await answered(request, target.rule);
    return { status: response.statusCode ?? 0, headers: headersOf(response), body: await bodyOf(response) };
  } catch (cause) {
    if (late.aborted)
      throw down(url, `it did not answer within ${Math.round(posting.withinMs / 1_000)} s`, cause);
    if (posting.signal.aborted || cause instanceof Problem) throw cause;
    throw down(url, cause instanceof Error ? cause.message : String(cause), cause);
  } finally {
    request.destroy();
  }
}

const down = (url: URL, why: string, cause: unknown): Problem =>
  new Problem("E_TARGET_DOWN", `${url.host} cannot be asked`, { why, cause });

/** Is somebody there? Looks the name up, checks the address and opens a connection. @throws as `postTo` */
export async function reachTarget(target: Target): Promise<void> {
  const url = targetUrl(target.url, target.rule);
  const address = await addressOf(url, target);
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: address.address, port, timeout: connectWithinMs });
    const fail = (cause: Error): void => {
      socket.destroy();
      reject(down(url, cause.message, cause));
    };
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", fail).once("timeout", () => fail(new Error("nobody answers")));
  });
}

/** The one address that is connected to. Of several, all have to be open: else the next look-up decides. */
async function addressOf(
  { hostname }: URL,
  { rule, resolve = systemLookup }: Target,
): Promise<LookupAddress> {
  const literal = hostname.replace(/^\[|\]$/g, "");
  const family = isIP(literal);
  const found =
    family === 0
      ? await resolve(literal).catch((cause: unknown) => {
          throw new Problem("E_TARGET_DOWN", `${literal} has no address`, { cause });
        })
      : [{ address: literal, family }];
  const bad = found.find(({ address }) => !rule.allows(address));
  if (bad !== undefined) throw closedAddress(bad.address);
  const [first] = found;
  if (first === undefined) throw new Problem("E_TARGET_DOWN", `${literal} has no address`);
  return first;
}

const systemLookup = (name: string): Promise<LookupAddress[]> => lookup(name, { all: true });

interface Opening extends Pick<Posting, "headers" | "body" | "signal"> {
  address: LookupAddress;
}

function open(url: URL, { address, headers, body, signal }: Opening): ClientRequest {
  const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
    method: "POST",
    signal,
    // A connection of its own, to the address that was checked; host name and certificate stay those of the URL.
    agent: false,
    lookup: (_name, { all }, told) => {
      if (all === true) told(null, [address]);
      else told(null, address.address, address.family);
    },
    maxHeaderSize: mostHeaderBytes,
    headers: { ...headers, "content-length": Buffer.byteLength(body), "accept-encoding": "identity" },
  });
  request.end(body);
  return request;
}

function answered(request: ClientRequest, rule: TargetRule): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let interim = 0;
    const connecting = setTimeout(() => reject(new Error("nobody answers")), connectWithinMs);
    request.once("socket", (socket) => {
      const check = (): void => {
        clearTimeout(connecting);
        // The last word has the socket itself.
        const { remoteAddress = "" } = socket;
        if (!rule.allows(remoteAddress)) request.destroy(closedAddress(remoteAddress));
      };
      if (socket.connecting) socket.once("connect", check);
      else check();
    });
    request.on("information", () => {
      interim += 1;
      if (interim > mostInterim) request.destroy(beyond("it never comes to its answer"));
    });
    request.once("response", resolve).once("error", (error) => {
      clearTimeout(connecting);
      reject(error);
    });
  });
}

const beyond = (why: string): Problem =>
  new Problem("E_TARGET_REFUSED", "The answer of a webhook is beyond its limits", { why });

const headersOf = ({ headers }: IncomingMessage): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );

async function bodyOf(response: IncomingMessage): Promise<string> {
  const { "content-encoding": packed = "identity" } = response.headers;
  if (packed !== "identity") throw beyond(`it is packed (${packed}), which was not asked for`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes = chunk as Buffer; // nobody set an encoding
    size += bytes.length;
    if (size > mostBytes) throw beyond("it is larger than 64 KiB; what is large goes to PUT /v1/artifacts");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
