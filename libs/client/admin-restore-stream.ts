import { Problem } from "@jackfield/problem/problem";
import { confirmCount } from "./confirm.ts";
import { exit } from "./exit.ts";
import { loadLauncher } from "./launcher.ts";
import { findProject } from "./project-folder.ts";
import type { Call } from "./verb.ts";
import { many } from "./words.ts";

/** Puts what the log has of lost streams back into this one: as many events as were counted. */
export async function adminRestoreStream(call: Call, names: readonly string[]): Promise<number> {
  if (names.length > 0) throw new Problem("E_USAGE", "admin restore-stream takes no name");
  const { flags, out, folder, environment } = call;
  const { openRestoring } = await loadLauncher();
  await using lost = await openRestoring(findProject(folder)?.folder ?? folder, environment);
  const { count, left } = lost;
  const found = [
    count === 0
      ? "nothing is missing in the stream"
      : `${many(count, "event")} of lost streams can be put back`,
    ...(left === 0 ? [] : [`${many(left, "older one")} are in the log, and have no room in the stream`]),
  ];
  if (count === 0 || flags.on("dry-run")) {
    out.show({ count, left }, () => found.join("\n"));
    if (count > 0) out.next(`jackfield admin restore-stream --yes=${count}`);
    return exit.pass;
  }
  await confirmCount(call, { count, what: `put ${many(count, "event")} back into the stream` });
  const restored = await lost.putBack((done) => out.say(`${done} of ${count}`));
  out.show({ restored }, () => `${many(restored, "event")} put back; to every reader they are repeats`);
  return exit.pass;
}
