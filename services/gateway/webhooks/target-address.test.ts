import { expect, test } from "vitest";
import { targetRule, targetUrl } from "./target-address.ts";

const open = targetRule();

// S11: also what a URL makes of decimal, octal and hexadecimal spellings.
test.each([
  ...["127.0.0.1", "0.0.0.0", "10.0.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1"],
  ...["::1", "::", "fd00::1", "fe80::1", "fe80::1%eth0", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1"],
  ...[
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "2002:7f00:1::",
    "2001:db8::1",
    "ff02::1",
    "255.255.255.255",
    "not an address",
  ],
])("S11: %s is refused", (address) => {
  expect(open.allows(address)).toBe(false);
});

test.each(["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1"])(
  "%s is open",
  (address) => {
    expect(open.allows(address)).toBe(true);
  },
);

test.each([
  ["http://127.0.0.1/", /public internet/],
  ["http://2130706433/", /public internet/],
  ["http://0x7f.1/", /public internet/],
  ["http://017700000001/", /public internet/],
  ["http://[::ffff:127.0.0.1]/", /public internet/],
  ["http://[::1]:80/", /public internet/],
  ["file:///etc/passwd", /only http/],
  ["gopher://example.com/", /only http/],
  ["//example.com", /only http/],
  ["https://user:word@example.com/", /password/],
  ["https://example.com/#here", /fragment/],
])("S11: %s is no target", (url, why) => {
  expect(() => targetUrl(url, open)).toThrow(
    expect.objectContaining({ code: "E_TARGET_REFUSED", why: expect.stringMatching(why) as string }),
  );
});

test("the settings open ranges, and nothing else", () => {
  const rule = targetRule("127.0.0.0/8, fd00::/8");
  expect([rule.allows("127.0.0.9"), rule.allows("::ffff:127.0.0.9"), rule.allows("fd12::1")]).toEqual([
    true,
    true,
    true,
  ]);
  expect([rule.allows("10.0.0.1"), rule.allows("::1")]).toEqual([false, false]);
  expect(() => targetRule("everything")).toThrow(expect.objectContaining({ code: "E_CONFIG" }));
});
