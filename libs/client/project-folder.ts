import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseDocument } from "yaml";
import { scopeName } from "@jackfield/spec/event/names";

export const projectFileName = "jackfield.yaml";

/** The project that a person stands in. */
export interface ProjectFolder {
  folder: string;
  text: string;
  /** Absent when the file cannot be read so far; applying it says why. */
  project?: string;
}

/** The nearest folder with a jackfield.yaml, here or above. */
export function findProject(folder: string): ProjectFolder | undefined {
  const text = contentOf(join(folder, projectFileName));
  if (text !== undefined) {
    const project = projectIn(text);
    return { folder, text, ...(project !== undefined && { project }) };
  }
  const above = dirname(folder);
  return above === folder ? undefined : findProject(above);
}

export function projectIn(text: string): string | undefined {
  const document = parseDocument(text, { version: "1.2", schema: "core", logLevel: "silent" });
  return scopeName.safeParse(document.get("project")).data;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && /^(ENOENT|ENOTDIR)$/.test(String(thrown.code)))
      return undefined;
    throw thrown;
  }
}
