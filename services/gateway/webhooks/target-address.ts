import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";
import { Problem } from "@jackfield/problem/problem";

/** Addresses that are not of the public internet, so that nobody outside may have us send something there. */
const closed = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"],
  ...["198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
  // Unspecified, loopback, IPv4 in other clothes, translated, discard, Teredo, documentation, 6to4, local, multicast.
  ...["::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23"],
  ...[
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
  ],
];

/** Where this installation may send to. */
export interface TargetRule {
  allows(address: string): boolean;
}

/** The public internet, and the ranges that the settings add (`127.0.0.0/8,10.1.0.0/16`). @throws E_CONFIG */
export function targetRule(alsoAllowed = ""): TargetRule {
  const refused = listOf(closed);
  const allowed = listOf(
    alsoAllowed
      .split(",")
      .map((range) => range.trim())
      .filter((range) => range !== ""),
  );
  return {
    allows: (address) => {
      const plain = plainAddress(address);
      if (isIP(plain) === 0) return false;
      const family = isIPv4(plain) ? "ipv4" : "ipv6";
      return allowed.check(plain, family) || !refused.check(plain, family);
    },
  };
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = "", bits] = range.split("/");
    const longest = isIPv6(network) ? 128 : 32;
    const prefix = bits === undefined ? longest : Number(bits);
    if (isIP(network) === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > longest)
      throw new Problem("E_CONFIG", `${range} is no range of addresses`, {
        here: "JACKFIELD_WEBHOOK_ALLOW",
        next: "say it as 10.1.0.0/16, several with commas between",
      });
    list.addSubnet(network, prefix, isIPv6(network) ? "ipv6" : "ipv4");
  }
  return list;
}

/** An IPv4 address in IPv6 clothes is judged as what it is; a zone is not part of an address. */
function plainAddress(address: string): string {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const dotted = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  if (dotted !== undefined) return dotted;
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(bare);
  if (hex === null) return bare;
  const [high, low] = [hex[1], hex[2]].map((part) => Number.parseInt(part ?? "0", 16));
  return [(high ?? 0) >> 8, (high ?? 0) & 255, (low ?? 0) >> 8, (low ?? 0) & 255].join(".");
}

/** A URL that can be a target at all; names are looked up when something is sent. @throws E_TARGET_REFUSED */
export function targetUrl(text: string, rule: TargetRule): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw refusedTarget(text, "only http and https can be sent to");
  if (url.username !== "" || url.password !== "")
    throw refusedTarget(url.host, "it holds a user or a password");
  if (url.hash !== "") throw refusedTarget(url.host, "it holds a fragment");
  const literal = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(literal) !== 0 && !rule.allows(literal)) throw closedAddress(literal);
  return url;
}

export const closedAddress = (address: string): Problem =>
  refusedTarget(address, "it is no address of the public internet");

const refusedTarget = (target: string, why: string): Problem =>
  new Problem("E_TARGET_REFUSED", `Nothing is sent to ${target}`, {
    why,
    next: "an operator may open a range: JACKFIELD_WEBHOOK_ALLOW=10.1.0.0/16",
  });
