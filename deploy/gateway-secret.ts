import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Signs the tokens of tasks that runners hold; kept with the data, so that a restarted gateway still knows its own. */
export async function gatewaySecret(home: string): Promise<string> {
  const path = join(home, "gateway-secret");
  // Made once: of two that start at the same time, the first one's is read by both.
  await writeFile(path, randomBytes(32).toString("hex"), { mode: 0o600, flag: "wx" }).catch(() => undefined);
  return readFile(path, "utf8");
}
