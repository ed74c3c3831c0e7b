import { fileURLToPath } from "node:url";
import { Problem } from "@jackfield/problem/problem";
import { openFolder } from "./folder.ts";
import type { Artifacts } from "./store.ts";

export type { Artifacts, ByteRange, OpenArtifact, PutOptions, Source } from "./store.ts";

/** `file:///folder` → the store in that folder, made when it is not there. @throws E_CONFIG for any other kind of URL. */
export async function openArtifacts(url: string): Promise<Artifacts> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== "file:" || parsed.host !== "") {
    throw new Problem("E_CONFIG", `Artifacts cannot be kept at ${withoutSecrets(url)}.`, {
      why: "This release keeps artifacts in a folder of this machine only.",
      next: "Set JACKFIELD_ARTIFACTS_URL to file:///path/to/a/folder.",
    });
  }
  return openFolder(fileURLToPath(parsed));
}

const withoutSecrets = (url: string): string => url.replace(/\/\/[^/@]*@/, "//").replace(/\?.*$/s, "");
