import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "@jackfield/problem/problem";
import { isMap, parseDocument } from "yaml";
import { findProject, projectFileName } from "./project-folder.ts";

/**
 * Puts a binding into the project file, or takes it out; everything else stays as it is written.
 * @throws Problem E_NOT_FOUND when no file of that project is here, E_YAML
 */
export async function writeBinding(
  folder: string,
  { project, capability, handler }: { project: string; capability: string; handler: string | null },
): Promise<string> {
  const found = findProject(folder);
  if (found?.project !== project)
    throw new Problem("E_NOT_FOUND", `There is no ${projectFileName} of ${project} in this folder or above`, {
      next: "go to the project's folder, or leave --write out",
    });
  const document = parseDocument(found.text, { version: "1.2", schema: "core", keepSourceTokens: true });
  if (document.errors.length > 0 || !isMap(document.contents))
    throw new Problem("E_YAML", `${projectFileName} cannot be read`, { next: "jackfield apply --dry-run" });
  const path = isMap(document.getIn(["bind", capability]))
    ? ["bind", capability, "to"]
    : ["bind", capability];
  if (handler !== null) document.setIn(path, handler);
  else if (document.hasIn(path)) document.deleteIn(path);
  const bind = document.get("bind");
  if (isMap(bind) && bind.items.length === 0) document.delete("bind");
  const file = join(found.folder, projectFileName);
  await writeFile(file, document.toString({ lineWidth: 0, flowCollectionPadding: true }));
  return file;
}
